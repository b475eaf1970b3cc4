#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Stops a local cluster and removes what building and running left in the checkout.
set -euo pipefail
cd "$(dirname "$0")/../.."
source deploy/dev/lib.sh
for preset in release dev; do
  if [ -x "build/$preset/bin/basisbench" ]; then
    "build/$preset/bin/basisbench" local down --dir .basisbench/demo || true
  fi
done
rm -rf build .basisbench node_modules
say "removed build, .basisbench and node_modules"
