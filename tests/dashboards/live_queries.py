#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Asks a real Prometheus every query of both dashboards and says which return nothing.

Needs a job that runs and has recorded a case. Exits 1 when a query fails or is empty, but for queries about events that may
not have happened yet (--strict counts those, too), and 2 when Prometheus cannot be asked at all.
"""
import argparse
import json
import math
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import panel_queries

# Parts of queries about series that appear, or move, with an event that a healthy system may not have seen within the span.
EVENTS = (
    "basisbench_jobs_refused_total", "basisbench_jobs_finished_total", "basisbench_job_end_timestamp_seconds",
    "basisbench_attempts_finished_total", "basisbench_log_messages_total", "basisbench_job_queue_wait_seconds_bucket",
    "basisbench_launch_duration_seconds_bucket", "basisbench_worker_losses_total", 'code!="ok"',
)
TIMEOUT_SECONDS = 10


class Prometheus:
    """The HTTP interface of one server. Raises OSError when it cannot be reached, ValueError when it refuses a query."""

    def __init__(self, base):
        self.base = base.rstrip("/")

    def get(self, path, **parameters):
        url = f"{self.base}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:
                body = answer.read()
        except urllib.error.HTTPError as error:
            if error.code not in (400, 422):
                raise
            body = error.read()
        content = json.loads(body)
        if content.get("status") != "success":
            raise ValueError(content.get("error", "no reason given"))
        return content["data"]

    def newest_job(self):
        jobs = self.get("label/job_id/values", **{"match[]": "basisbench_job_info"})
        if not jobs:
            raise ValueError("no series basisbench_job_info: no job, or the coordinator is not scraped")
        return max(jobs)

    def samples(self, expression, span):
        """Finite values of all series within the last `span` seconds, and the number of series."""
        end = time.time()
        data = self.get("query_range", query=expression, start=f"{end - span:.3f}", end=f"{end:.3f}", step=max(1, span // 60))
        values = [float(value) for series in data["result"] for _, value in series["values"]]
        return [value for value in values if math.isfinite(value)], len(data["result"])


def judge(prometheus, query, options):
    """('ok' | 'quiet' | 'empty' | 'error', what to say)."""
    try:
        expression = panel_queries.substitute(query.expression, options.job, options.window)
        values, count = prometheus.samples(expression, options.span)
    except ValueError as error:
        return "error", str(error)
    if values:
        return "ok", f"{count} series, {min(values):.4g} to {max(values):.4g}"
    if not options.strict and any(event in query.expression for event in EVENTS):
        return "quiet", "no such event yet"
    return "empty", "no data" if count == 0 else f"{count} series without a number"


def report(prometheus, options):
    counts = dict.fromkeys(("ok", "quiet", "empty", "error"), 0)
    for query in panel_queries.all_queries():
        verdict, text = judge(prometheus, query, options)
        counts[verdict] += 1
        if verdict != "ok" or options.verbose:
            print(f"{verdict:5} {query.dashboard} / {query.panel} / {query.legend}: {text}")
            if verdict in ("empty", "error"):
                print(f"      {query.expression}")
    print(f"job {options.job}: " + ", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    return 1 if counts["empty"] or counts["error"] else 0


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prometheus", required=True, metavar="URL", help="like http://127.0.0.1:9090")
    parser.add_argument("--job", help="identifier of the job (default: the newest)")
    parser.add_argument("--window", default="20s", help="value of $__rate_interval: at least four scrape intervals")
    parser.add_argument("--span", type=int, default=120, metavar="SECONDS", help="how far back to look")
    parser.add_argument("--strict", action="store_true", help="queries about events must have data, too")
    parser.add_argument("--verbose", action="store_true", help="also print the queries that have data")
    options = parser.parse_args(arguments)
    prometheus = Prometheus(options.prometheus)
    try:
        options.job = options.job or prometheus.newest_job()
        return report(prometheus, options)
    except (OSError, ValueError, KeyError) as error:
        print(f"{options.prometheus}: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
