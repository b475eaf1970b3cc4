#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""From a submission to the first case on two ranks of two daemons, beside bare mpirun on the same machine.

Each round runs, one after the other: mpirun as it comes, mpirun told to use the message layer Basisbench asks for, the
same across two hosts of loopback with an agent that only executes what it is told, and one job. Prints a Markdown table.
"""
import datetime
import os
import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cluster"))
from hosts import LoopbackHosts  # noqa: E402
from system import BIN, System  # noqa: E402

ROUNDS = 15
TRIES, DEADLINE_S = 5, 10
HUNG = []  # the arguments of every bare mpirun that did not end
ROOT = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_plm_rsh_agent": "/bin/false"}


def bare(*arguments):
    """Seconds of mpirun with a program that only starts and ends MPI. Open MPI 4.1 now and then waits for ever for a
    second host: what does not end is counted and tried again."""
    for _ in range(TRIES):
        begin = time.monotonic()
        try:
            subprocess.run(["mpirun", "-np", "2", "--oversubscribe", *arguments, BIN / "mpi_hello"], check=True,
                           capture_output=True, env={**os.environ, **ROOT}, timeout=DEADLINE_S)
            return time.monotonic() - begin
        except subprocess.TimeoutExpired:
            HUNG.append(arguments)
    raise SystemExit(f"bare mpirun hung {TRIES} times for {DEADLINE_S} s: {' '.join(map(str, arguments))}")


def across_hosts(directory):
    """Arguments that make mpirun start its daemon for a second host, by a script in place of ssh."""
    agent = directory / "agent.sh"
    agent.write_text('#!/bin/sh\nshift\nexec sh -c "$*"\n')
    agent.chmod(0o755)
    settings = {"plm_rsh_agent": agent, "plm_rsh_no_tree_spawn": 1, "orte_keep_fqdn_hostnames": 1, "pml": "ob1",
                "btl": "self,vader,tcp", "oob_tcp_if_include": "lo", "btl_tcp_if_include": "lo"}
    mca = [word for name, value in settings.items() for word in ("--mca", name, str(value))]
    return ["--host", "127.0.0.2:1,127.0.0.3:1", "--bind-to", "none", *mca]


def moment(text):
    """Seconds since the epoch of a protobuf timestamp in JSON; Python reads no more than microseconds."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    base = datetime.datetime.fromisoformat(whole).replace(tzinfo=datetime.timezone.utc).timestamp()
    return base + float(f"0.{fraction or 0}")


def submitted(system):
    """Seconds from the acceptance of a job to the start of its first case on the ranks."""
    job = system.submit("--operators", "matmul", "--shape", "64x64x64", "--ranks", "2", "--min-time", "10ms")
    ended = system.wait_ended(job)
    assert ended["state"] == "JOB_STATE_SUCCEEDED", ended
    return moment(system.results(job)[0]["start_time"]) - moment(ended["submit_time"])


def main():
    rows = {"bare mpirun": [], "bare mpirun, pml ob1": [], "bare mpirun, pml ob1, two hosts": [],
            "job, submission to first case": []}
    with LoopbackHosts(2) as hosts, System(hosts) as system:
        two_hosts = across_hosts(system.dir)
        for _ in range(ROUNDS):
            rows["bare mpirun"].append(bare())
            rows["bare mpirun, pml ob1"].append(bare("--mca", "pml", "ob1"))
            rows["bare mpirun, pml ob1, two hosts"].append(bare(*two_hosts))
            rows["job, submission to first case"].append(submitted(system))
    print(f"\n## Launching\n\n| launch of 2 ranks, {ROUNDS} rounds | median | min | max |\n|---|---|---|---|")
    for name, seconds in rows.items():
        print(f"| {name} | {1e3 * statistics.median(seconds):.0f} ms | {1e3 * min(seconds):.0f} ms | "
              f"{1e3 * max(seconds):.0f} ms |")
    if HUNG:
        print(f"\nLeft out: {len(HUNG)} bare launches over two hosts that did not end within {DEADLINE_S} s.")


if __name__ == "__main__":
    main()
