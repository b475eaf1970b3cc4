#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The contract passes buf's STANDARD and COMMENTS rules and is formatted. Needs `npm ci` (./dev deps).
set -euo pipefail
cd "$(dirname "$0")/../.."
buf=node_modules/.bin/buf
[ -x "$buf" ] || { echo "buf is not installed: run ./dev deps" >&2; exit 1; }
"$buf" lint
"$buf" format --diff --exit-code --exclude-path proto/grpc
