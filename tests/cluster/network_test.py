#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Three hosts and a control host as network namespaces: jobs across them, counted bytes against the kernel's, a real
Prometheus, a cable that is unplugged. Needs root; exits 77 (skipped) elsewhere."""
import json
import re
import subprocess
import sys
import unittest
import urllib.parse

from hosts import NetnsHosts, netns_available
from system import SOURCE, Process, System, until

FRAMING = 0.02  # Ethernet, IP and TCP headers, acknowledgements and Open MPI's own messages, as a share of the payload


def fetch(host, url):
    """GET from inside the host's namespace."""
    run = subprocess.run(host.command(["curl", "-sS", "--max-time", "5", url]), capture_output=True, text=True)
    return run.stdout if run.returncode == 0 else ""


def start_prometheus(system):
    """A real Prometheus on the control host that finds its targets through the coordinator. Returns its base URL."""
    control = system.hosts.control
    directory = system.dir / "prometheus"
    directory.mkdir()
    # The configuration that is shipped, with this coordinator's address and a test's patience.
    text = (SOURCE / "deploy/prometheus/prometheus.yml").read_text()
    text = text.replace("coordinator:7071", f"{control.address}:{system.http_port}").replace("rules/", f"{SOURCE}/dashboards/rules/")
    config = directory / "prometheus.yml"
    config.write_text(re.sub(r"_(interval|timeout): \d+s", r"_\1: 1s", text))
    address = f"{control.address}:19090"
    system.prometheus = Process(control, ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={directory}/data",
                                          f"--web.listen-address={address}"], system.dir / "prometheus.log")
    base = f"http://{address}"
    until(lambda: "Ready" in fetch(control, f"{base}/-/ready"), 30, "Prometheus is ready")
    return base


def query(host, base, expression):
    answer = fetch(host, f"{base}/api/v1/query?query={urllib.parse.quote(expression)}")
    return json.loads(answer)["data"]["result"] if answer else []


class NetworkTest(unittest.TestCase):

    def test_jobs_of_three_and_four_ranks_run_across_three_hosts(self):
        with NetnsHosts(3) as hosts, System(hosts, slots=2) as system:
            for ranks in (3, 4):
                job = system.submit("--operators", "matmul,monarch,wht,gate,fnet", "--shape", "128x128x128", "--sharding",
                                    "token,summa,all_to_all,transposed", "--ranks", str(ranks), "--min-time", "50ms",
                                    "--max-time", "500ms")
                self.assertEqual(system.wait_ended(job, 240)["state"], "JOB_STATE_SUCCEEDED", system.job(job))
                measured = [r for r in system.results(job) if r["outcome"] != "OUTCOME_UNSUPPORTED"]
                self.assertEqual({r["case"]["operator"]["name"] for r in measured}, {"matmul", "monarch", "wht", "gate", "fnet"})
                for record in measured:
                    self.assertEqual(record["environment"]["observed_ranks"], ranks)
                    self.assertTrue(record["validation"]["traffic_matches"], record["case"])
            names = {n["hostname"] for n in measured[0]["environment"]["nodes"]}
            self.assertGreater(len(names), 1, "the ranks saw hosts of different names")

    def test_counted_wire_bytes_agree_with_the_interfaces(self):
        with NetnsHosts(2) as hosts, System(hosts) as system:
            def counted(host):
                text = fetch(host, f"http://{host.address}:{system.workers[host.name].ports['http_port']}/metrics")
                lines = [line for line in text.splitlines() if line.startswith("basisbench_collective_sent_bytes_total")]
                return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

            before = {h.name: hosts.sent_bytes(h) for h in hosts.workers}
            job = system.submit("--operators", "matmul", "--sharding", "row", "--shape", "2048x512x2048", "--ranks", "2",
                                "--min-time", "2s")
            self.assertEqual(system.wait_ended(job)["state"], "JOB_STATE_SUCCEEDED")
            for host in hosts.workers:
                payload = counted(host)
                kernel = hosts.sent_bytes(host) - before[host.name]
                print(f"{host.name}: counted {payload:.0f} B, interface {kernel} B, ratio {kernel / payload:.4f}", flush=True)
                self.assertGreater(payload, 100e6, "enough was sent for the comparison to mean something")
                self.assertGreaterEqual(kernel, payload)
                self.assertLessEqual(kernel, payload * (1 + FRAMING))

    def test_prometheus_answers_the_dashboards(self):
        with NetnsHosts(3) as hosts, System(hosts) as system:
            base = start_prometheus(system)
            try:
                # A case that is recorded soon, and cases that keep all ranks talking while the queries are asked.
                job = system.submit("--operators", "matmul", "--shape", "256x256x256", "--shape", "512x512x512", "--sharding",
                                    "row,summa", "--ranks", "3", "--min-time", "8s", "--max-time", "10s")
                until(lambda: len(query(hosts.control, base, "up == 1")) == 4, 60, "all targets are up")
                until(lambda: int(system.job(job).get("cases_done", 0)) > 0, 90, "a case is recorded")
                argv = hosts.control.command([sys.executable, SOURCE / "tests/dashboards/live_queries.py", "--prometheus",
                                              base, "--job", job, "--window", "5s"])

                def ask():
                    self.answers = subprocess.run(argv, capture_output=True, text=True)
                    return self.answers.returncode == 0
                try:
                    until(ask, 60, "every panel has data")
                finally:
                    print(self.answers.stdout, self.answers.stderr, flush=True)
                self.assertEqual(system.wait_ended(job)["state"], "JOB_STATE_SUCCEEDED")
            finally:
                system.prometheus.terminate()

    def test_a_cable_unplugged_and_plugged_in_again_loses_no_case(self):
        with NetnsHosts(2) as hosts, System(hosts) as system:
            job = system.submit("--operators", "matmul,monarch,gate", "--shape", "256x256x256", "--ranks", "2",
                                "--min-time", "2s", "--max-time", "3s", "--no-baseline")
            system.wait_state(job, ("JOB_STATE_RUNNING",), 30)
            hosts.cut(hosts.workers[1])
            system.wait_state(job, ("JOB_STATE_QUEUED",), 30)
            self.assertEqual(system.leftovers(15), [], "both sides of the cut clean up")
            hosts.heal(hosts.workers[1])
            self.assertEqual(system.wait_ended(job, 180)["state"], "JOB_STATE_SUCCEEDED")
            indices = sorted(r["case"].get("index", 0) for r in system.results(job))
            self.assertEqual(indices, [0, 1, 2])


if __name__ == "__main__":
    reason = netns_available()
    if reason:
        print(f"skipped: {reason}")
        sys.exit(77)
    unittest.main(verbosity=2)
