#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# ./dev demo [--once] [-- basisbench run arguments]: a coordinator and two worker daemons, each on a loopback address of
# its own so that Open MPI sees two hosts, a sweep of a real model's shapes over all operators, the comparison table,
# and the page. Ctrl-C stops everything; --once stops when the sweep is done.
set -euo pipefail
cd "$(dirname "$0")/../.."
source deploy/dev/lib.sh

once=no
[ -t 1 ] || once=yes
if [ "${1:-}" = --once ]; then
  once=yes
  shift
fi
[ "${1:-}" = -- ] && shift

deploy/dev/deps.sh
build_preset release programs
bin=$PWD/build/release/bin
state=$PWD/.basisbench/demo

stop() {
  trap - INT TERM EXIT
  "$bin/basisbench" local down --dir "$state" || true
}
trap 'stop; exit 130' INT TERM
trap stop EXIT

"$bin/basisbench" local down --dir "$state" >/dev/null 2>&1 || true
"$bin/basisbench" local up --dir "$state" --workers 2
endpoint=$("$bin/basisbench" local status --dir "$state" -o json | python3 -c 'import json,sys; d=json.load(sys.stdin); print(d["coordinator"], d["page"])')
coordinator=${endpoint% *} page=${endpoint#* }

if [ $# -eq 0 ]; then
  # gpt2-medium: its width of 1024 is a power of two, so the Walsh-Hadamard transform has sites as well.
  set -- --name demo --preset gpt2-medium --sites q,up,mix --batch 1 --sequence 512
  set -- "$@" --operators matmul,monarch,wht,gate,fnet --ranks 2
fi
say "running: basisbench run $*"
"$bin/basisbench" --coordinator "$coordinator" run "$@"
say "the page: $page"
if [ "$once" = no ]; then
  say "still serving; Ctrl-C stops the cluster"
  while :; do sleep 3600 & wait $!; done
fi
