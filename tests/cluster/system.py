# SPDX-License-Identifier: Apache-2.0
"""A whole Basisbench of real processes under test: coordinator, worker daemons, command line."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time

BIN = pathlib.Path(os.environ.get("BASISBENCH_BIN", pathlib.Path(__file__).resolve().parents[2] / "build/dev/bin"))
SOURCE = pathlib.Path(__file__).resolve().parents[2]


def until(condition, seconds, what):
    """Polls until condition() is truthy and returns it; AssertionError naming `what` when the deadline passes."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        pause.wait(0.05)


class Process:
    """A child with its log; `kill` and `terminate` wait until it is gone."""

    def __init__(self, host, argv, log, env=None):
        self.log = pathlib.Path(log)
        self.file = open(self.log, "ab")
        self.argv = argv
        self.popen = subprocess.Popen(host.command(argv), stdout=self.file, stderr=subprocess.STDOUT,
                                      stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})})

    def signal(self, number):
        if self.popen.poll() is None:
            self.popen.send_signal(number)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.popen.wait(10)
        self.file.close()

    def terminate(self, seconds=20):
        self.signal(signal.SIGTERM)
        try:
            self.popen.wait(seconds)
            self.file.close()
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.argv[0]} ignored SIGTERM for {seconds} s; log:\n{self.tail()}")

    def tail(self, lines=40):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


class System:
    """Coordinator on hosts.control, one worker per worker host. Use as a context manager."""

    def __init__(self, hosts, slots=1, lease=3, store_dir=None, coordinator_args=(), worker_args=()):
        self.hosts = hosts
        self.slots = slots
        self.lease = lease
        self.temporary = tempfile.TemporaryDirectory(prefix="bb-system-")
        self.dir = pathlib.Path(self.temporary.name)
        self.store = pathlib.Path(store_dir or self.dir) / "store.db"
        self.coordinator_args = list(coordinator_args)
        self.worker_args = list(worker_args)
        self.special = {}  # name of a worker host -> arguments and environment of its own
        self.coordinator = None
        self.grpc_port = 0
        self.http_port = 0
        self.workers = {}

    def __enter__(self):
        try:
            self.start_coordinator()
            for host in self.hosts.workers:
                self.start_worker(host)
            self.wait_workers(len(self.hosts.workers))
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            self.print_logs()
        for process in [*self.workers.values(), self.coordinator]:
            if process:
                process.kill()
        leftovers = self.leftovers(10)
        for pid in leftovers:
            os.kill(pid, signal.SIGKILL)
        self.temporary.cleanup()
        if leftovers and kind is None:
            raise AssertionError(f"processes left behind after kill -9 of their daemons: {leftovers}")

    def print_logs(self):
        for log in sorted(self.dir.glob("*.log")):
            text = log.read_text(errors="replace").splitlines()[-60:]
            print(f"---- {log.name}\n" + "\n".join(text), flush=True)

    # --- processes

    def start_coordinator(self):
        """Starts it, or starts it again on the same ports and store."""
        ready = self.dir / "coordinator.ready"
        ready.unlink(missing_ok=True)
        address = self.hosts.control.address
        self.coordinator = Process(
            self.hosts.control,
            [BIN / "basisbench-coordinator", "--listen", f"{address}:{self.grpc_port}", "--http",
             f"{address}:{self.http_port}", "--store", self.store, "--lease", self.lease, "--ready-file", ready,
             "--insecure", *self.coordinator_args],
            self.dir / "coordinator.log")
        ports = self._ready(self.coordinator, ready)
        self.grpc_port, self.http_port = ports["grpc_port"], ports["http_port"]

    def start_worker(self, host, wait=True):
        ready = self.dir / f"{host.name}.ready"
        ready.unlink(missing_ok=True)
        arguments, environment = self.special.get(host.name, ((), None))
        process = Process(
            host,
            [BIN / "basisbench-worker", "--coordinator", self.address, "--name", host.name, "--address", host.address,
             "--listen", f"{host.address}:0", "--http", f"{host.address}:0", "--slots", self.slots, "--work-dir",
             self.dir / f"work-{host.name}", "--ready-file", ready, "--insecure", *self.worker_args, *arguments],
            self.dir / f"{host.name}.log", environment)
        self.workers[host.name] = process
        if wait:
            process.ports = self._ready(process, ready)
        return process

    def _ready(self, process, path):
        def read():
            if process.popen.poll() is not None:
                raise AssertionError(f"{process.argv[0]} ended with {process.popen.returncode}:\n{process.tail()}")
            return path.exists() and path.stat().st_size > 0
        until(read, 30, f"{process.argv[0]} is ready")
        return json.loads(path.read_text())

    @property
    def address(self):
        return f"{self.hosts.control.address}:{self.grpc_port}"

    def wait_workers(self, count, seconds=20):
        until(lambda: len([w for w in self.get("workers") if w.get("state") == "READY"]) == count, seconds,
              f"{count} workers are ready")

    def leftovers(self, seconds=5):
        """Runners, orteds and mpiruns of this system's attempts that are alive after `seconds`; [] is what one wants."""
        mine = str(self.dir)

        def alive():
            found = []
            for entry in pathlib.Path("/proc").iterdir():
                if not entry.name.isdigit():
                    continue
                try:
                    environment = (entry / "environ").read_bytes().decode(errors="replace")
                    command = (entry / "cmdline").read_bytes().decode(errors="replace")
                except OSError:
                    continue
                name = pathlib.Path(command.split("\0")[0]).name
                if name in ("orted", "mpirun", "basisbench-runner", "stand_in_runner") and mine in environment + command:
                    found.append(int(entry.name))
            return found

        try:
            until(lambda: not alive(), seconds, "no process is left")
        except AssertionError:
            return alive()
        return []

    # --- command line

    def cli(self, *arguments, seconds=120, check=True):
        """Runs `basisbench`; returns the completed process."""
        argv = self.hosts.control.command([BIN / "basisbench", "--coordinator", self.address, "--insecure", *arguments])
        run = subprocess.run(argv, capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL)
        if check and run.returncode != 0:
            raise AssertionError(f"{' '.join(map(str, arguments))}: exit {run.returncode}\n{run.stdout}\n{run.stderr}")
        return run

    def get(self, what, *arguments):
        run = self.cli("get", what, "-o", "json", *arguments, check=False)
        return json.loads(run.stdout) if run.returncode == 0 and run.stdout.strip() else []

    def submit(self, *arguments):
        """Submits and returns the job id."""
        return self.cli("submit", *arguments, "-o", "name").stdout.strip().removeprefix("job/")

    def job(self, job_id):
        run = self.cli("describe", "job", job_id, "-o", "json", check=False)
        return json.loads(run.stdout) if run.returncode == 0 else {}

    def wait_state(self, job_id, states, seconds=90):
        return until(lambda: (j := self.job(job_id)).get("state") in states and j, seconds, f"job {job_id} in {states}")

    def wait_ended(self, job_id, seconds=120):
        return self.wait_state(job_id, ("JOB_STATE_SUCCEEDED", "JOB_STATE_FAILED", "JOB_STATE_CANCELLED"), seconds)

    def results(self, job_id):
        """Records as they are kept, one dict per case."""
        run = self.cli("export", job_id, "--format", "jsonl")
        return [json.loads(line) for line in run.stdout.splitlines() if line.strip()]
