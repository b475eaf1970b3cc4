#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# ./dev bench [--save FILE.md | --quick]: how close to peers and to what the machine allows, as ratios measured side by
# side. Prints a Markdown page, with the machine it was taken on; writes it to FILE.md when asked to, and nothing
# otherwise. Run it on a machine that does nothing else. Debian's libscalapack-openmpi2.2 and libfftw3-mpi3 are compared
# with where they are installed. --quick prints one line of each operator, a second each at most.
set -euo pipefail
cd "$(dirname "$0")/../.."
source deploy/dev/lib.sh

page=
quick=
if [ "${1:-}" = --quick ] && [ $# -eq 1 ]; then
  quick=yes
elif [ "${1:-}" = --save ]; then
  [ -n "${2:-}" ] || die "--save needs a file, e.g. docs/benchmarks/laptop.md"
  page=$2
elif [ $# -gt 0 ]; then
  die "usage: ./dev bench [--save FILE.md | --quick]"
fi
deploy/dev/deps.sh
if [ -n "$quick" ]; then
  build_preset release operators_bench >&2
  exec build/release/bin/operators_bench --quick
fi
# grep reads to the end: ldconfig, cut off, would fail the pipe.
has_library() { ldconfig -p | grep "$1" >/dev/null; }
has_library libscalapack-openmpi || say "left out: ScaLAPACK (apt-get install libscalapack-openmpi2.2)"
has_library libfftw3f_mpi || say "left out: FFTW's MPI library (apt-get install libfftw3-mpi3)"

build_preset release programs bench >&2
bin=build/release/bin
mpi=(mpirun -np 2 --bind-to core --mca pml ob1 --mca btl self,vader -x OPENBLAS_NUM_THREADS=1)
[ "$(nproc)" -ge 2 ] || mpi+=(--oversubscribe)
export OMPI_MCA_plm_rsh_agent=/bin/false

measure() {
  echo "# Benchmarks"
  echo
  echo "Taken by \`./dev bench\` on $(date -u +%Y-%m-%d) at commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown)."
  echo "Each line is one comparison: both sides run alternately, round by round, in one process or on the same ranks, on"
  echo "the same operands. Times are medians over the rounds; the ratio is the median of the rounds' ratios with its 95 %"
  echo "interval. On one rank they are processor time of one thread; times of several ranks are the slowest rank's. Single"
  echo "numbers drift with the machine; ratios hardly do. The floor of an operator is its FLOPs at the speed of a square"
  echo "matrix product or its least bytes at the speed of a copy of as many, whichever takes longer; both run in its rounds."
  echo
  say "operators on one rank"
  "$bin/operators_bench"
  say "what measuring adds"
  "$bin/measuring_bench"
  say "two ranks in shared memory"
  "${mpi[@]}" "$bin/matmul_bench" "shared memory"
  "${mpi[@]}" "$bin/fnet_bench" "shared memory"
  if [ "$(id -u)" -eq 0 ]; then
    say "two hosts: network namespaces"
    tests/bench/two_hosts.py "$PWD/$bin/matmul_bench" "two hosts over TCP"
    tests/bench/two_hosts.py "$PWD/$bin/fnet_bench" "two hosts over TCP"
  else
    say "left out without root: two hosts in network namespaces"
  fi
  say "launching"
  BASISBENCH_BIN=$PWD/$bin tests/bench/launch_bench.py
  say "the coordinator under load"
  # Its store lies in the working directory for as long as it runs.
  (cd build/release && bin/coordinator_bench)
}

save_page "$page" measure
