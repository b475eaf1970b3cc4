#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# library-packages.sh PROGRAM ...: the packages of every library that the programs load, a line each. For an image whose
# distribution names them otherwise than runtime-packages.txt does; run where the programs were built.
set -euo pipefail
[ $# -gt 0 ] || { echo "usage: library-packages.sh PROGRAM ..." >&2; exit 2; }
for program in "$@"; do
  ldd "$program" | awk '$2 == "=>" && $3 ~ /^\// { print $3 } $3 == "not" { print $1 " is not found" >"/dev/stderr"; exit 1 }'
done | sort -u | while read -r library; do
  # dpkg lists a file under the path it was packed with: resolved, and with or without /usr.
  real=$(readlink -f "$library")
  dpkg-query -S "$real" 2>/dev/null || dpkg-query -S "${real#/usr}" 2>/dev/null || {
    echo "library-packages.sh: no package has $library" >&2
    exit 1
  }
done | cut -d: -f1 | sort -u
