#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a program as one MPI rank on each of two hosts, which are network namespaces joined by a virtual cable.

  two_hosts.py PROGRAM [ARGUMENT ...]

Needs root. Each host has one CPU of its own where the machine has two.
"""
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cluster"))
from hosts import NetnsHosts, netns_available  # noqa: E402

TIME_LIMIT = 300  # seconds


def entering(host, cpu):
    """The command that runs what follows it on a host."""
    return shlex.join(host.command(["taskset", "-c", cpu]))


def agent_for(hosts, cpus):
    """What mpirun calls in place of ssh: HOST COMMAND ..."""
    lines = ["#!/bin/sh", "host=$1", "shift", 'case "$host" in']
    for host, cpu in zip(hosts, cpus):
        lines.append(f'  {host.address}) exec {entering(host, cpu)} /bin/sh -c "$*" ;;')
    lines += ["esac", 'echo "no host $host" >&2', "exit 1"]
    return "\n".join(lines) + "\n"


def run(program, arguments):
    cpus = sorted(os.sched_getaffinity(0))
    cpus = [cpus[0], cpus[-1]]
    with NetnsHosts(2) as hosts, tempfile.TemporaryDirectory() as folder:
        agent = pathlib.Path(folder) / "agent"
        agent.write_text(agent_for(hosts.workers, cpus), encoding="utf-8")
        agent.chmod(0o700)
        network = hosts.workers[0].address.rsplit(".", 1)[0] + ".0/24"
        command = ["mpirun", "-np", "2", "--host", ",".join(f"{h.address}:1" for h in hosts.workers),
                   "--mca", "plm", "rsh", "--mca", "plm_rsh_agent", str(agent), "--mca", "plm_rsh_no_tree_spawn", "1",
                   "--mca", "orte_keep_fqdn_hostnames", "1", "--mca", "pml", "ob1", "--mca", "btl", "self,tcp",
                   "--mca", "oob_tcp_if_include", network, "--mca", "btl_tcp_if_include", network,
                   "--bind-to", "none", "-x", "OPENBLAS_NUM_THREADS=1", program, *arguments]
        first = shlex.split(entering(hosts.workers[0], cpus[0]))
        return subprocess.run([*first, *command], timeout=TIME_LIMIT, check=False).returncode


def main():
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    reason = netns_available()
    if reason is not None:
        print(f"two_hosts.py: {reason}", file=sys.stderr)
        return 1
    return run(sys.argv[1], sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
