#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What must survive, with real processes: each row of the failure table in ARCHITECTURE.md, on two loopback hosts.

Every test ends with the same question: has every acknowledged case exactly one record, and is no process left?
"""
import os
import pathlib
import random
import signal
import socket
import subprocess
import tempfile
import unittest
import urllib.request

from hosts import LoopbackHosts
from system import System, until

# Three small cases on two ranks, each long enough (seconds) to be interrupted.
SWEEP = ["--operators", "matmul,monarch,gate", "--shape", "256x256x256", "--shape", "128x128x128", "--ranks", "2",
         "--min-time", "1s", "--max-time", "2s", "--no-baseline"]
SWEEP_CASES = 6


def environment_of(pid):
    try:
        raw = pathlib.Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
    except OSError:
        return {}
    return dict(item.split("=", 1) for item in raw.split("\0") if "=" in item)


def runners(system, host):
    """Process ids of the ranks that run on `host`."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            name = pathlib.Path((entry / "cmdline").read_bytes().split(b"\0")[0].decode()).name
        except OSError:
            continue
        socket_path = environment_of(entry.name).get("BASISBENCH_WORKER_SOCKET", "")
        if name == "basisbench-runner" and f"work-{host.name}" in socket_path:
            found.append(int(entry.name))
    return found


def iterations(system, host):
    """Iterations the host's daemon has counted so far."""
    port = system.workers[host.name].ports["http_port"]
    with urllib.request.urlopen(f"http://{host.address}:{port}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    counts = [line for line in lines if line.startswith("basisbench_iteration_duration_seconds_count")]
    return sum(float(line.rsplit(" ", 1)[1]) for line in counts)


class FaultsTest(unittest.TestCase):
    maxDiff = None

    def assert_each_case_once(self, system, job_id, outcomes=("OUTCOME_OK",), cases=SWEEP_CASES):
        results = system.results(job_id)
        indices = [r["case"].get("index", 0) for r in results]
        self.assertEqual(sorted(indices), list(range(cases)), "every case has exactly one record")
        for record in results:
            self.assertIn(record["outcome"], outcomes, record.get("detail"))
        return results

    def measuring(self, system, job_id):
        """Waits until the job runs and a rank on every host has timed something since."""
        system.wait_state(job_id, ("JOB_STATE_RUNNING",), 30)
        before = {h.name: iterations(system, h) for h in system.hosts.workers}
        until(lambda: all(iterations(system, h) > before[h.name] for h in system.hosts.workers), 30,
              "ranks measure on every host")

    def test_a_killed_rank_on_either_host_costs_only_its_case(self):
        with LoopbackHosts(2) as hosts, System(hosts) as system:
            for host in hosts.workers:
                job = system.submit(*SWEEP)
                self.measuring(system, job)
                os.kill(runners(system, host)[0], signal.SIGKILL)
                system.wait_ended(job)
                results = self.assert_each_case_once(system, job, ("OUTCOME_OK", "OUTCOME_CRASHED"))
                crashed = [r for r in results if r["outcome"] == "OUTCOME_CRASHED"]
                self.assertLessEqual(len(crashed), 1)
                self.assertEqual(system.leftovers(), [])

    def test_a_stopped_rank_is_timed_out_and_the_rest_goes_on(self):
        with LoopbackHosts(2) as hosts, System(hosts) as system:
            job = system.submit(*SWEEP, "--case-timeout", "6s")
            self.measuring(system, job)
            os.kill(runners(system, hosts.workers[1])[0], signal.SIGSTOP)
            system.wait_ended(job)
            results = self.assert_each_case_once(system, job, ("OUTCOME_OK", "OUTCOME_TIMED_OUT"))
            self.assertEqual(len([r for r in results if r["outcome"] == "OUTCOME_TIMED_OUT"]), 1)
            self.assertEqual(system.leftovers(), [])

    def test_a_killed_worker_comes_back_and_the_job_ends_whole(self):
        with LoopbackHosts(2) as hosts, System(hosts) as system:
            for host in hosts.workers:
                job = system.submit(*SWEEP)
                self.measuring(system, job)
                system.workers[host.name].kill()
                until(lambda: not runners(system, host), 10, f"the ranks of {host.name} died with their daemon")
                system.start_worker(host)
                system.wait_ended(job)
                self.assert_each_case_once(system, job)
                self.assertEqual(system.leftovers(), [])

    def test_a_worker_that_never_comes_back_leaves_the_job_queued_and_cancellable(self):
        with LoopbackHosts(2) as hosts, System(hosts) as system:
            job = system.submit(*SWEEP)
            self.measuring(system, job)
            system.workers[hosts.workers[1].name].kill()
            waiting = system.wait_state(job, ("JOB_STATE_QUEUED",), 20)
            self.assertTrue(waiting.get("detail"), "a queued job says what it waits for")
            self.assertEqual(system.leftovers(), [])
            system.cli("cancel", job)
            self.assertEqual(system.wait_ended(job)["state"], "JOB_STATE_CANCELLED")

    def test_the_coordinator_killed_at_random_instants_loses_nothing(self):
        seed = random.randrange(1 << 30)
        print(f"seed {seed}", flush=True)
        chance = random.Random(seed)
        with LoopbackHosts(2) as hosts, System(hosts) as system:
            jobs = [system.submit(*SWEEP) for _ in range(2)]
            for _ in range(8):
                done = sum(int(system.job(j).get("cases_done", 0)) for j in jobs)
                wait = chance.uniform(0.0, 2.0)
                self.pause(wait)
                system.coordinator.kill()
                system.start_coordinator()
                now = sum(int(system.job(j).get("cases_done", 0)) for j in jobs)
                self.assertGreaterEqual(now, done, "a finished case was lost")
            for job in jobs:
                self.assertEqual(system.wait_ended(job, 180)["state"], "JOB_STATE_SUCCEEDED")
                self.assert_each_case_once(system, job)
            self.assertEqual(system.leftovers(), [])

    @staticmethod
    def pause(seconds):
        """A random instant, not a synchronisation: nothing is expected to have happened."""
        subprocess.run(["sleep", f"{seconds:.3f}"], check=True)

    def test_every_acknowledged_submission_survives_a_killed_coordinator(self):
        with LoopbackHosts(1) as hosts, System(hosts) as system:
            accepted = []
            for round_number in range(4):
                for i in range(5):
                    accepted.append(system.submit("--operators", "gate", "--shape", "64x64x64", "--no-baseline",
                                                  "--min-time", "10ms", "--request-id", f"r{round_number}-{i}"))
                system.coordinator.kill()
                system.start_coordinator()
                system.wait_workers(1)
            listed = {j["id"] for j in system.get("jobs")}
            self.assertEqual(set(accepted) - listed, set())
            again = system.submit("--operators", "gate", "--shape", "64x64x64", "--no-baseline", "--min-time", "10ms",
                                  "--request-id", "r0-0")
            self.assertEqual(again, accepted[0], "the same request_id names the same job")
            for job in accepted:
                self.assertEqual(system.wait_ended(job)["state"], "JOB_STATE_SUCCEEDED")
                self.assert_each_case_once(system, job, cases=1)

    def test_a_client_that_goes_does_not_stop_its_job_and_watching_again_ends(self):
        with LoopbackHosts(2) as hosts, System(hosts) as system:
            watching = subprocess.Popen(
                hosts.control.command([system_bin("basisbench"), "--coordinator", system.address, "run", *SWEEP]),
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            job = until(lambda: [j["id"] for j in system.get("jobs")], 20, "the job is listed")[0]
            self.measuring(system, job)
            watching.kill()
            watching.wait(10)
            watching.stderr.close()
            self.assertEqual(system.cli("watch", job).returncode, 0)
            self.assert_each_case_once(system, job)

    def test_a_worker_told_to_stop_finishes_what_it_runs(self):
        with LoopbackHosts(2) as hosts, System(hosts) as system:
            job = system.submit(*SWEEP)
            self.measuring(system, job)
            system.workers[hosts.workers[0].name].terminate(60)
            self.assertEqual(system.wait_ended(job)["state"], "JOB_STATE_SUCCEEDED")
            self.assert_each_case_once(system, job)
            self.assertEqual(system.leftovers(), [])

    def test_a_cancelled_job_keeps_its_finished_cases_and_frees_its_gang(self):
        with LoopbackHosts(2) as hosts, System(hosts) as system:
            job = system.submit(*SWEEP)
            self.measuring(system, job)
            system.cli("cancel", job)
            self.assertEqual(system.wait_ended(job)["state"], "JOB_STATE_CANCELLED")
            self.assertEqual(system.leftovers(), [])
            after = system.submit("--operators", "gate", "--shape", "64x64x64", "--ranks", "2", "--no-baseline",
                                  "--min-time", "10ms")
            self.assertEqual(system.wait_ended(after)["state"], "JOB_STATE_SUCCEEDED")

    def test_random_and_truncated_bytes_on_every_port_take_nothing_down(self):
        chance = random.Random(7)
        with LoopbackHosts(1) as hosts, System(hosts) as system:
            worker = system.workers[hosts.workers[0].name]
            ports = [(hosts.control.address, system.grpc_port), (hosts.control.address, system.http_port),
                     (hosts.workers[0].address, worker.ports["launch_port"]),
                     (hosts.workers[0].address, worker.ports["http_port"])]
            payloads = [b"", b"\0" * 100, b"GET / HTTP/1.1\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff",
                        b"GET /" + b"A" * 100000 + b" HTTP/1.1\r\n\r\n", chance.randbytes(70000)]
            for address in ports:
                for payload in payloads:
                    with socket.create_connection(address, timeout=5) as connection:
                        try:
                            connection.sendall(payload)
                        except OSError:
                            pass  # being hung up on is a fine answer
            self.assertIsNone(system.coordinator.popen.poll())
            self.assertIsNone(worker.popen.poll())
            job = system.submit("--operators", "gate", "--shape", "64x64x64", "--no-baseline", "--min-time", "10ms")
            self.assertEqual(system.wait_ended(job)["state"], "JOB_STATE_SUCCEEDED")

    @unittest.skipIf(os.geteuid() != 0, "a small disk of its own needs root")
    def test_a_full_disk_refuses_submissions_and_recovers(self):
        with tempfile.TemporaryDirectory(prefix="bb-disk-") as disk:
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk], check=True)
            try:
                self.fill_and_recover(disk)
            finally:
                subprocess.run(["umount", "-l", disk], check=True)

    @staticmethod
    def fill(ballast):
        with open(ballast, "wb", buffering=0) as file:
            try:
                while file.write(b"\0" * 4096):
                    pass
            except OSError:
                pass

    def fill_and_recover(self, disk):
        small = ["--operators", "gate", "--shape", "64x64x64", "--no-baseline", "--min-time", "10ms"]
        with LoopbackHosts(1) as hosts, System(hosts, store_dir=disk) as system:
            kept = system.submit(*small)
            system.wait_ended(kept)
            ballast = pathlib.Path(disk) / "ballast"
            # The write-ahead log may have a few free pages left; they run out.
            self.fill(ballast)
            refused = until(lambda: (r := system.cli("submit", *small, check=False)).returncode != 0 and r, 60,
                            "a submission is refused")
            self.assertIn("disk is full", refused.stderr)
            self.assertIsNone(system.coordinator.popen.poll())
            ballast.unlink()
            job = until(lambda: (r := system.cli("submit", *small, "-o", "name", check=False)).returncode == 0 and r, 30,
                        "submissions are accepted again").stdout.strip().removeprefix("job/")
            self.assertEqual(system.wait_ended(job)["state"], "JOB_STATE_SUCCEEDED")
            self.assertIn(kept, {j["id"] for j in system.get("jobs")})
            self.fill(ballast)
            until(lambda: system.cli("submit", *small, check=False).returncode != 0, 60, "a submission is refused")
            system.coordinator.terminate()
            ballast.unlink()
            system.start_coordinator()
            self.assertLessEqual({kept, job}, {j["id"] for j in system.get("jobs")})


def system_bin(name):
    from system import BIN
    return BIN / name


if __name__ == "__main__":
    unittest.main(verbosity=2)
