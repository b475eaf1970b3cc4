#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# install-packages.sh LIST [IMAGE]: installs the packages of LIST, or those of its lines that name IMAGE. Needs root.
set -eu
list=$1 image=${2:-}
packages=$(awk -v image="$image" '/^#/ || NF == 0 { next }
  { wanted = image == ""; for (i = 2; i <= NF; ++i) wanted = wanted || $i == image; if (wanted) print $1 }' "$list")
[ -n "$packages" ] || { echo "install-packages.sh: $list names no package for '$image'" >&2; exit 1; }
apt-get update -qq
# shellcheck disable=SC2086  # one argument per package
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages
rm -rf /var/lib/apt/lists/*
