#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""live_queries.py against a server that answers as Prometheus does: data, nothing, NaN, refusals, garbage."""
import contextlib
import http.server
import io
import json
import threading
import unittest
import urllib.parse

import live_queries
import panel_queries


class FakePrometheus:
    """Answers each query with answer(expression): a list of series' values, or (status, body)."""

    def __init__(self, answer, jobs=("20260101-000000-aa", "20260102-000000-bb")):
        self.asked = []
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                url = urllib.parse.urlparse(self.path)
                status, body = fake.reply(url.path, urllib.parse.parse_qs(url.query), answer, jobs)
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def reply(self, path, parameters, answer, jobs):
        if path == "/api/v1/label/job_id/values":
            return 200, json.dumps({"status": "success", "data": list(jobs)}).encode()
        assert path == "/api/v1/query_range", path
        expression = parameters["query"][0]
        self.asked.append(expression)
        found = answer(expression)
        if isinstance(found, tuple):
            return found
        result = [{"metric": {}, "values": [[1, value] for value in values]} for values in found]
        return 200, json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}}).encode()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    @property
    def base(self):
        return f"http://127.0.0.1:{self.server.server_port}/"


def run(answer, *arguments, **options):
    """(exit code, printed text, expressions asked)"""
    out = io.StringIO()
    with FakePrometheus(answer, **options) as fake, contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        code = live_queries.main(["--prometheus", fake.base, *arguments])
    return code, out.getvalue(), fake.asked


class LiveQueriesTest(unittest.TestCase):

    def test_data_everywhere_is_success_and_every_query_is_asked(self):
        code, text, asked = run(lambda _: [["1", "2"]])
        self.assertEqual(code, 0, text)
        self.assertEqual(len(asked), len(panel_queries.all_queries()))
        self.assertIn(f"{len(asked)} ok, 0 quiet, 0 empty, 0 error", text)

    def test_variables_are_replaced_and_the_newest_job_is_taken(self):
        _, text, asked = run(lambda _: [["1"]], "--window", "7s")
        self.assertIn("job 20260102-000000-bb:", text)
        self.assertFalse([each for each in asked if "$" in each])
        self.assertIn('basisbench_job_info{job_id="20260102-000000-bb"}', asked)
        self.assertTrue([each for each in asked if "[7s]" in each])

    def test_an_empty_answer_fails_and_names_dashboard_panel_and_query(self):
        code, text, _ = run(lambda expression: [] if "slots_used) /" in expression else [["1"]])
        self.assertEqual(code, 1)
        self.assertIn("empty Basisbench: overview / Slots in use / in use: no data", text)
        self.assertIn("sum(basisbench_cluster_slots_used) / sum(basisbench_cluster_slots)", text)

    def test_values_that_are_no_numbers_are_no_data(self):
        code, text, _ = run(lambda expression: [["NaN", "+Inf"]] if "store_write_seconds_bucket" in expression else [["1"]])
        self.assertEqual(code, 1)
        self.assertIn("Store write time / p99: 1 series without a number", text)

    def test_events_that_have_not_happened_are_no_failure_unless_strict(self):
        answer = lambda expression: [] if "jobs_refused_total" in expression else [["0"]]
        code, text, _ = run(answer)
        self.assertEqual(code, 0, text)
        self.assertIn("quiet Basisbench: overview / Submitted, refused, ended", text)
        self.assertEqual(run(answer, "--strict")[0], 1)

    def test_a_refused_query_is_an_error_with_the_reason(self):
        refusal = (400, json.dumps({"status": "error", "error": "parse error: unexpected )"}).encode())
        code, text, _ = run(lambda expression: refusal if expression.startswith("max(") else [["1"]])
        self.assertEqual(code, 1)
        self.assertIn("parse error: unexpected )", text)

    def test_a_server_that_is_broken_or_absent_or_knows_no_job_is_told_from_an_empty_panel(self):
        self.assertEqual(run(lambda _: (500, b"oops"))[0], 2)
        self.assertEqual(run(lambda _: [["1"]], jobs=())[0], 2)
        with contextlib.redirect_stderr(io.StringIO()):
            self.assertEqual(live_queries.main(["--prometheus", "http://127.0.0.1:1", "--job", "x"]), 2)

    def test_an_unknown_variable_is_an_error(self):
        with self.assertRaisesRegex(ValueError, r"\$cluster"):
            panel_queries.substitute('up{cluster="$cluster"}', "j", "1m")


if __name__ == "__main__":
    unittest.main(verbosity=2)
