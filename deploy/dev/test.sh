#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# ./dev test [--sanitize] [ctest arguments]: builds and runs every test. With --sanitize, the unit and conformance
# tests under address+undefined and the service tests under the thread sanitizer instead.
set -euo pipefail
cd "$(dirname "$0")/../.."
source deploy/dev/lib.sh
deploy/dev/deps.sh

if [ "${1:-}" = --sanitize ]; then
  shift
  for preset in asan tsan; do
    build_preset "$preset"
    ctest --preset "$preset" --parallel "$(nproc)" "$@"
  done
  exit
fi
build_preset dev
ctest --preset dev --parallel "$(nproc)" "$@"
