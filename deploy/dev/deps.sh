#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages of deploy/packages.txt and the npm tools of package-lock.json, where missing.
set -euo pipefail
cd "$(dirname "$0")/../.."
source deploy/dev/lib.sh

missing=()
while read -r package _; do
  case "$package" in "" | \#*) continue ;; esac
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done <deploy/packages.txt
if ! command -v npm >/dev/null; then missing+=(nodejs npm); fi

if [ ${#missing[@]} -gt 0 ]; then
  say "installing: ${missing[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

if [ ! -x node_modules/.bin/buf ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  say "installing the npm tools"
  npm ci --ignore-scripts --no-audit --no-fund --silent
fi
