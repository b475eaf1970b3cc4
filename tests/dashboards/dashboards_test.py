#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Dashboards and rules: generated from their source, parsed by Prometheus, about metrics that exist and are recorded."""
import filecmp
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import panel_queries
from panel_queries import ROOT

TARGET_LABELS = {"instance", "job"}
GENERATED = ["dashboards/overview.json", "dashboards/job.json", "deploy/kubernetes/components/prometheus/rules.yaml"]
RULES = sorted((ROOT / "dashboards/rules").glob("*.yml"))
HISTOGRAM_SUFFIXES = ("_bucket", "_sum", "_count")
WORDS = re.compile(r"by|without|on|ignoring|group_left|group_right")


def catalogue():
    """{name: (type, labels)} of docs/metrics.md, which a unit test holds to the C++ catalogue."""
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*) \|", (ROOT / "docs/metrics.md").read_text(), re.M)
    return {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}


def rules():
    """[(name, expression)] of every recording and alert rule."""
    found = []
    for path in RULES:
        for name, expression in re.findall(r"- (?:record|alert): (\S+)\n\s+expr: (.*(?:\n {10,}.*)*)", path.read_text()):
            found.append((name, expression.replace(">-", "")))
    return found


def series_of(metrics, name):
    """(type, labels) of a series' name, which for histograms has a suffix; None when there is none."""
    if name in metrics and metrics[name][0] != "histogram":
        return metrics[name]
    for suffix in HISTOGRAM_SUFFIXES:
        kind, labels = metrics.get(name.removesuffix(suffix), ("", set()))
        if name.endswith(suffix) and kind == "histogram":
            return kind, labels | ({"le"} if suffix == "_bucket" else set())
    return None


def labels_in(expression):
    """Labels that an expression matches on, groups by or joins on."""
    bare = panel_queries.without_strings(expression)
    listed = re.findall(rf"\b(?:{WORDS.pattern})\s*\(([^()]*)\)", bare)
    matched = re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", bare)
    return {label.strip() for group in listed for label in group.split(",") if label.strip()} | set(matched)


class DashboardsTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.metrics = catalogue()
        cls.queries = panel_queries.all_queries()
        assert len(cls.metrics) > 30 and len(cls.queries) > 60 and len(rules()) > 15

    def test_generated_files_are_what_their_source_generates(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["node", ROOT / "dashboards/generate.mjs", folder], check=True)
            for path in GENERATED:
                same = filecmp.cmp(ROOT / path, pathlib.Path(folder) / path, shallow=False)
                self.assertTrue(same, f"{path} is stale: run node dashboards/generate.mjs")

    def test_every_series_exists_in_the_catalogue(self):
        recorded = {name for name, _ in rules()}
        known = recorded | {"up"}
        for where, expression in [(f"{q.dashboard} / {q.panel}", q.expression) for q in self.queries] + rules():
            names = panel_queries.metrics_in(expression)
            self.assertTrue(names, f"{where} reads no series: {expression}")
            for name in names - known:
                self.assertIsNotNone(series_of(self.metrics, name), f"{where}: no series {name}")

    def test_every_metric_is_recorded_by_some_probe(self):
        sources = [path for folder in ("services", "workers") for path in (ROOT / folder).rglob("*.cc")
                   if path.name != "metric_catalogue.cc"]
        code = "".join(path.read_text() for path in sources)
        used = {name for q in self.queries for name in panel_queries.metrics_in(q.expression)}
        for name in sorted(used | {n for _, e in rules() for n in panel_queries.metrics_in(e)}):
            base = next((name.removesuffix(s) for s in HISTOGRAM_SUFFIXES if name.endswith(s) and ":" not in name), name)
            if name.startswith(("basisbench_", "process_")):
                self.assertIn(f'"{base}"', code, f"nothing records {base}")

    def test_labels_belong_to_the_series_they_are_asked_of(self):
        for where, expression, legend in [(q.panel, q.expression, q.legend) for q in self.queries] + [(n, e, "") for n, e in rules()]:
            found = [series_of(self.metrics, name) for name in panel_queries.metrics_in(expression)]
            offered = TARGET_LABELS.union(*[labels for _, labels in filter(None, found)])
            asked = labels_in(expression) | set(re.findall(r"\{\{(\w+)\}\}", legend))
            self.assertLessEqual(asked, offered, f"{where}: {expression}")

    def test_counters_are_only_read_through_a_rate(self):
        for query in self.queries:
            for name in panel_queries.metrics_in(query.expression):
                if name.endswith(("_total", *HISTOGRAM_SUFFIXES)):
                    self.assertRegex(query.expression, rf"(rate|increase)\({name}(\{{[^}}]*\}})?\[", query.panel)

    def test_every_panel_has_unit_legend_description_and_its_own_place(self):
        for path in panel_queries.DASHBOARDS:
            cells = {}
            ids = set()
            for panel in json.loads(path.read_text())["panels"]:
                self.assertNotIn(panel["id"], ids)
                ids.add(panel["id"])
                place = panel["gridPos"]
                for cell in [(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])]:
                    self.assertLess(cell[0], 24, panel["title"])
                    self.assertNotIn(cell, cells, f"{panel['title']} lies on {cells.get(cell)}")
                    cells[cell] = panel["title"]
                if panel["type"] == "row":
                    continue
                self.assertTrue(panel["description"] and panel["fieldConfig"]["defaults"]["unit"], panel["title"])
                self.assertTrue(panel["targets"], panel["title"])
        for query in self.queries:
            self.assertTrue(query.legend, query)

    def test_alerts_have_words_and_severity(self):
        text = (ROOT / "dashboards/rules/alerts.yml").read_text()
        alerts = text.split("- alert: ")[1:]
        self.assertGreater(len(alerts), 8)
        tests = (ROOT / "tests/dashboards/rules_test.yml").read_text()
        for alert in alerts:
            name = alert.split("\n")[0]
            self.assertRegex(name, r"^Basisbench([A-Z][a-z]+)+$")
            self.assertRegex(alert, r"severity: (warning|critical)")
            self.assertRegex(alert, r"(?s)for: \d+m.*summary: .+description: .{30}", name)
            self.assertRegex(tests, rf"alertname: {name}\n\s+exp_alerts:\n", f"no test in which {name} fires")

    @unittest.skipUnless(shutil.which("promtool"), "no promtool")
    def test_prometheus_parses_every_query(self):
        lines = ["groups:", "- name: queries", "  rules:"]
        for i, query in enumerate(self.queries):
            expression = panel_queries.substitute(query.expression, "j", "1m")
            lines += [f"  - record: query_{i}", f"    expr: {json.dumps(expression)}"]
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            run = subprocess.run(["promtool", "check", "rules", file.name], capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn(f"{len(self.queries)} rules found", run.stdout)


class CheckersTest(unittest.TestCase):
    """The checks above reject what they must."""

    def test_names_are_found_in_every_position(self):
        expression = 'sum by (operator) (rate(basisbench_a_total{x="basisbench_no"}[1m])) / on() a:b:c and up == 1 or basisbench_d'
        self.assertEqual(panel_queries.metrics_in(expression), {"basisbench_a_total", "a:b:c", "up", "basisbench_d"})

    def test_unknown_series_and_wrong_suffixes_are_unknown(self):
        metrics = {"h": ("histogram", set()), "g": ("gauge", {"l"})}
        self.assertIsNone(series_of(metrics, "h"))
        self.assertIsNone(series_of(metrics, "g_bucket"))
        self.assertEqual(series_of(metrics, "h_bucket"), ("histogram", {"le"}))
        self.assertEqual(series_of(metrics, "g"), ("gauge", {"l"}))

    def test_labels_are_found_in_matchers_groupings_and_joins(self):
        self.assertEqual(labels_in('sum by (a, b) (x{c="1",d!~"2"}) and on (e) y'), {"a", "b", "c", "d", "e"})


if __name__ == "__main__":
    unittest.main(verbosity=2)
