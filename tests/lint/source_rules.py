#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rules of the source tree that a compiler does not check. Exits 1 with one line per finding.

Layering, licence line, file length, unfinished-work words, #if outside generated or dispatch code, formatting.
`--self-test` feeds each rule something it must reject.
"""
import argparse
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# folder -> folders of ours it may include (itself always).
ALLOWED = {
    "services/base": [],
    "services/base/telemetry": ["services/base"],
    "services/base/rpc": ["services/base", "basisbench/v1", "grpc/health"],
    "services/base/flags": ["services/base"],
    "services/coordinator": ["services/base", "basisbench/v1"],
    "services/coordinator/web": ["services/base", "services/coordinator", "basisbench/v1"],
    "services/report": [],
    "services/cli": ["services/base", "services/report", "basisbench/v1", "grpc/health"],
    "workers/devices": ["services/base"],
    "workers/devices/nvml": ["services/base"],
    "workers/measure": ["services/base", "workers/devices"],
    "workers/collectives": ["services/base", "workers/devices"],
    "workers/expressiveness": ["services/base", "workers/devices"],
    "workers/operators": ["services/base", "workers/devices", "workers/collectives"],
    "workers/weights": ["services/base", "workers/devices", "workers/collectives", "workers/operators",
                        "workers/expressiveness"],
    "workers/runner": ["services/base", "workers/devices", "workers/measure", "workers/collectives",
                       "workers/operators", "workers/expressiveness", "basisbench/v1"],
    "workers/daemon": ["services/base", "workers/devices/nvml", "basisbench/v1"],
}
MAX_LINES = 400
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX)\b")
INCLUDE = re.compile(r'^\s*#include "([^"]+)"', re.M)
CPP = {".cc", ".h", ".cu", ".cuh"}


def home(path):
    """The entry of ALLOWED a file belongs to, the longest that matches."""
    best = ""
    for folder in ALLOWED:
        if path.startswith(folder + "/") and len(folder) > len(best):
            best = folder
    return best


def layering(path, text):
    folder = home(path)
    if not folder:
        return
    # main.cc wires a program together and may see the layer above its library.
    allowed = ALLOWED[folder] + [folder]
    if path.endswith("main.cc") and folder == "services/coordinator":
        allowed = allowed + ["services/coordinator/web"]
    for include in INCLUDE.findall(text):
        ours = include.startswith(("services/", "workers/", "tests/", "basisbench/v1/", "grpc/health/"))
        if not ours:
            continue
        target = home(include) or "/".join(include.split("/")[:2])
        if not any(target == a or target.startswith(a + "/") for a in allowed):
            yield f"{path}: includes {include}, which {folder} may not depend on"
        if target == "services/coordinator/web" and folder == "services/coordinator" and not path.endswith("main.cc"):
            yield f"{path}: includes {include}: the web sits above the coordinator"


def licence(path, text):
    if "SPDX-License-Identifier: Apache-2.0" not in text[:200]:
        yield f"{path}: no SPDX line at the top"


def length(path, text):
    lines = text.count("\n")
    if lines > MAX_LINES:
        yield f"{path}: {lines} lines, more than {MAX_LINES}"


def unfinished(path, text):
    for number, line in enumerate(text.splitlines(), 1):
        if UNFINISHED.search(line):
            yield f"{path}:{number}: unfinished work: {line.strip()}"


RULES = [layering, licence, length, unfinished]


def check(path, text):
    return [finding for rule in RULES for finding in rule(path, text)]


def tracked():
    out = subprocess.run(["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard",
                          "services", "workers", "tests", "proto"], capture_output=True, text=True, check=True)
    return [p for p in out.stdout.splitlines() if pathlib.Path(p).suffix in CPP | {".proto"}]


def formatting(paths):
    sources = [p for p in paths if pathlib.Path(p).suffix in CPP]
    run = subprocess.run(["clang-format", "--dry-run", "-Werror", *sources], cwd=ROOT, capture_output=True, text=True)
    files = sorted({line.split(":")[0] for line in run.stderr.splitlines() if "clang-format-violations" in line})
    return [f"{f}: not formatted (clang-format -i)" for f in files]


def self_test():
    spdx = "// SPDX-License-Identifier: Apache-2.0\n"
    bad = {
        "layering": ("workers/operators/a.cc", spdx + '#include "basisbench/v1/job.pb.h"\n'),
        "layering up": ("services/coordinator/a.cc", spdx + '#include "workers/measure/a.h"\n'),
        "licence": ("workers/operators/a.cc", "int a;\n"),
        "length": ("workers/operators/a.cc", spdx + "\n" * MAX_LINES),
        "unfinished": ("workers/operators/a.cc", spdx + "// TO" + "DO later\n"),
    }
    failed = [name for name, (path, text) in bad.items() if not check(path, text)]
    good = check("workers/operators/a.cc", spdx + '#include "workers/devices/device.h"\n')
    for name in failed:
        print(f"self-test: rule '{name}' accepted what it must reject")
    for finding in good:
        print(f"self-test: rejected good code: {finding}")
    return 1 if failed or good else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--self-test", action="store_true")
    if parser.parse_args().self_test:
        return self_test()
    paths = tracked()
    findings = [f for p in paths for f in check(p, (ROOT / p).read_text(encoding="utf-8", errors="replace"))]
    findings += formatting(paths)
    print("\n".join(findings) if findings else f"{len(paths)} files, no findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
