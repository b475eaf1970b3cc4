#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""From a submission to the first case on two ranks of two daemons, beside bare mpirun on the same machine.

Each round runs, one after the other: mpirun as it comes, mpirun told to use the message layer Basisbench asks for, and
one job. Prints a Markdown table of medians.
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
ROOT = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_plm_rsh_agent": "/bin/false"}


def bare(*arguments):
    """Seconds of mpirun with a program that only starts and ends MPI."""
    begin = time.monotonic()
    subprocess.run(["mpirun", "-np", "2", "--oversubscribe", *arguments, BIN / "mpi_hello"], check=True,
                   capture_output=True, env={**os.environ, **ROOT}, timeout=60)
    return time.monotonic() - begin


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
    rows = {"bare mpirun": [], "bare mpirun, pml ob1": [], "job, submission to first case": []}
    with LoopbackHosts(2) as hosts, System(hosts) as system:
        for _ in range(ROUNDS):
            rows["bare mpirun"].append(bare())
            rows["bare mpirun, pml ob1"].append(bare("--mca", "pml", "ob1"))
            rows["job, submission to first case"].append(submitted(system))
    print(f"| launch of 2 ranks, {ROUNDS} rounds | median | min | max |\n|---|---|---|---|")
    for name, seconds in rows.items():
        print(f"| {name} | {1e3 * statistics.median(seconds):.0f} ms | {1e3 * min(seconds):.0f} ms | "
              f"{1e3 * max(seconds):.0f} ms |")


if __name__ == "__main__":
    main()
