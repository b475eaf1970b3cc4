#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# ./dev build [PRESET]
set -euo pipefail
cd "$(dirname "$0")/../.."
source deploy/dev/lib.sh
deploy/dev/deps.sh
build_preset "${1:-dev}"
