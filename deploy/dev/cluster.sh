#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# ./dev cluster: the tests across network namespaces, with their output shown.
set -euo pipefail
cd "$(dirname "$0")/../.."
source deploy/dev/lib.sh
deploy/dev/deps.sh
build_preset dev programs
export BASISBENCH_BIN=$PWD/build/dev/bin PYTHONDONTWRITEBYTECODE=1
as_root env BASISBENCH_BIN="$BASISBENCH_BIN" PYTHONDONTWRITEBYTECODE=1 python3 tests/cluster/network_test.py "$@"
