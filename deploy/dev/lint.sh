#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# ./dev lint [--tidy]: the lint tests alone; with --tidy also clang-tidy over every source (slow).
set -euo pipefail
cd "$(dirname "$0")/../.."
source deploy/dev/lib.sh
deploy/dev/deps.sh
build_preset dev
ctest --preset dev -L lint
if [ "${1:-}" = --tidy ]; then
  command -v run-clang-tidy >/dev/null || as_root apt-get install -y -qq clang-tidy
  run-clang-tidy -quiet -p build/dev "$PWD/(services|workers)/.*\.cc"
fi
