#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A job that leaves its shardings open, from the command line through coordinator and daemons to ranks on two loopback hosts and back."""
import json
import unittest

from hosts import LoopbackHosts
from system import System

JOB = ["--operators", "matmul,monarch,wht", "--shape", "64x256x256", "--ranks", "2", "--min-time", "50ms", "--max-time", "500ms"]


class ChoiceTest(unittest.TestCase):

    def test_ranks_choose_the_sharding_and_the_record_says_from_what(self):
        with LoopbackHosts(2) as hosts, System(hosts) as system:
            checked = json.loads(system.cli("validate", *JOB, "--sharding", "auto", "-o", "json").stdout)
            self.assertEqual([(row["operator"].split("{")[0], row["sharding"]) for row in checked],
                             [("matmul", "auto"), ("monarch", "auto"), ("wht", "auto")])
            job = system.submit(*JOB, "--sharding", "auto,token")
            self.assertEqual(system.wait_ended(job)["state"], "JOB_STATE_SUCCEEDED", system.job(job))
            records = system.results(job)
            self.assertEqual(len(records), 6)
            for record in records:
                case = record["case"]
                choices = record.get("sharding_choices", [])
                if not case.get("requested_sharding"):
                    self.assertEqual((case["sharding"], choices), ("token", []))
                    continue
                self.assertTrue(record["validation"]["traffic_matches"], case)
                predicted = {c["sharding"]: c["predicted_seconds"] for c in choices if not c.get("refusal")}
                near_best = [name for name, seconds in predicted.items() if seconds <= 1.05 * min(predicted.values())]
                self.assertEqual(case["sharding"], near_best[0], choices)
                self.assertIn(f"--sharding {case['sharding']}", record["reproduce"])
            open_cases = [r["case"] for r in records if r["case"].get("requested_sharding") == "auto"]
            self.assertEqual([c["operator"]["name"] for c in open_cases], ["matmul", "monarch", "wht"])
            self.assertIn(f"{open_cases[0]['sharding']} (auto)", system.cli("results", job).stdout)
            self.assertIn("PREDICTED BY SHARDING", system.cli("results", job, "-o", "wide").stdout)
            described = json.loads(system.cli("describe", "case", f"{job}/0", "-o", "json").stdout)
            self.assertGreater(len(described["sharding_choices"]), 1)

    def test_a_submission_that_no_sharding_can_run_is_refused_with_the_reason(self):
        with LoopbackHosts(1) as hosts, System(hosts) as system:
            refused = system.cli("submit", "--operators", "wht", "--shape", "64x48x48", "--sharding", "auto", check=False)
            self.assertEqual(refused.returncode, 4, refused.stderr)
            self.assertIn("48", refused.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
