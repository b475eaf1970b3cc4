# SPDX-License-Identifier: Apache-2.0
"""The PromQL of the dashboards, as data: every query of every panel, and every annotation."""
import collections
import json
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
DASHBOARDS = [ROOT / "dashboards" / name for name in ("overview.json", "job.json")]

Query = collections.namedtuple("Query", "dashboard panel legend expression unit")


def queries_of(dashboard):
    """Every Query of one dashboard's JSON."""
    title = dashboard["title"]
    found = [Query(title, panel["title"], target.get("legendFormat", ""), target["expr"],
                   panel["fieldConfig"]["defaults"].get("unit", ""))
             for panel in dashboard["panels"] for target in panel.get("targets", [])]
    return found + [Query(title, f"annotation {each['name']}", each["titleFormat"], each["target"]["expr"], "annotation")
                    for each in dashboard["annotations"]["list"]]


def all_queries():
    return [query for path in DASHBOARDS for query in queries_of(json.loads(path.read_text()))]


def substitute(expression, job_id, window):
    """The expression as Grafana would send it. ValueError naming a variable that has no value here."""
    for name, value in (("$__rate_interval", window), ("$job_id", job_id)):
        expression = expression.replace(name, value)
    if left := re.search(r"\$\{?\w+", expression):
        raise ValueError(f"no value for {left.group()} in: {expression}")
    return expression


def without_strings(expression):
    return re.sub(r'"[^"]*"', '""', expression)


def metrics_in(expression):
    """Names of series an expression reads: ours, and those of every process and target."""
    bare = without_strings(expression)
    return set(re.findall(r"(?<![\w:])(?:basisbench_\w+|process_\w+|\w+(?::\w+)+|up|ALERTS)(?![\w:(])", bare))
