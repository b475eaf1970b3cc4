#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# ./dev gpu [--save FILE.md] [--quick]: everything that needs a GPU, in one go: the libraries as they are shipped, every
# operator on one rank, on two to four where there are as many GPUs, the kernels under compute-sanitizer, and the
# benchmark. A step that fails is named, the others still run, and the exit code is then 1. Prints a Markdown page, or writes it to FILE.md;
# what the steps themselves print is in build/gpu. --quick takes one dtype, at most two ranks, memcheck and short rounds.
# Exit code 3: there is nothing to run it on, and the message says what is missing.
set -euo pipefail
cd "$(dirname "$0")/../.."
source deploy/dev/lib.sh

page=
quick=
while [ $# -gt 0 ]; do
  case "$1" in
    --save)
      [ -n "${2:-}" ] || die "--save needs a file, e.g. docs/benchmarks/h100.md"
      page=$2
      shift 2
      ;;
    --quick)
      quick=yes
      shift
      ;;
    *) die "usage: ./dev gpu [--save FILE.md] [--quick]" ;;
  esac
done

missing=()
if ! command -v nvidia-smi >/dev/null || ! nvidia-smi -L >/dev/null 2>&1; then
  missing+=("the driver (nvidia-smi does not run)")
elif ! nvidia-smi -L | grep '^GPU ' >/dev/null; then
  missing+=("a GPU (nvidia-smi -L lists none)")
elif [ "${CUDA_VISIBLE_DEVICES-all}" = "" ]; then
  missing+=("a visible GPU (CUDA_VISIBLE_DEVICES is empty)")
fi
PATH=$PATH:${CUDA_HOME:-/usr/local/cuda}/bin
command -v nvcc >/dev/null || missing+=("the toolkit (no nvcc in PATH or CUDA_HOME)")
if [ ${#missing[@]} -gt 0 ]; then
  printf -v list '%s, ' "${missing[@]}"
  say "error: this needs a GPU; missing: ${list%, }"
  exit 3
fi

# As many as this may see.
gpus=$(nvidia-smi -L | grep -c '^GPU ')
if [ -n "${CUDA_VISIBLE_DEVICES-}" ]; then gpus=$(tr ',' '\n' <<<"$CUDA_VISIBLE_DEVICES" | grep -c .); fi

deploy/dev/deps.sh
build_preset cuda cuda_real_libraries basisbench-gpu-conformance device_gpu_test gpu_bench >&2
bin=$PWD/build/cuda/bin
logs=build/gpu
mkdir -p "$logs"
failed=()
table="$logs/steps.md"
: >"$table"

# step NAME WHAT COMMAND ...: runs it, its output to build/gpu/NAME.log, and notes how it went.
step() {
  local name=$1 what=$2 start=$SECONDS verdict=passed
  shift 2
  say "$what"
  if ! "$@" >"$logs/$name.log" 2>&1; then
    verdict="**failed**, see build/gpu/$name.log"
    failed+=("$name")
    tail -n 15 "$logs/$name.log" >&2
    say "$name failed; going on"
  fi
  printf '| %s | %s | %d s |\n' "$what" "$verdict" $((SECONDS - start)) >>"$table"
}

# What needs no GPU runs in ./dev test.
elsewhere='*MemoryTest*:Refusal*:Registry*'
filter="*_1:-$elsewhere"
ranks=(2 3 4)
tools=(memcheck racecheck synccheck)
effort=()
if [ -n "$quick" ]; then
  filter="*_f32_1:-$elsewhere" ranks=(2) tools=(memcheck) effort=(--quick)
fi

step libraries "cuBLASLt, cuFFT, a kernel and NCCL against the CPU" "$bin/cuda_real_libraries"
step conformance "every operator on one rank of NCCL" "$bin/basisbench-gpu-conformance" --gtest_brief=1 --gtest_filter="$filter"
export OMPI_MCA_plm_rsh_agent=/bin/false
for count in "${ranks[@]}"; do
  how="of NCCL"
  [ "$count" -le "$gpus" ] || how="that share GPUs, through host memory"
  step "ranks_$count" "every operator on $count ranks $how" \
    mpirun -np "$count" --oversubscribe --mca pml ob1 --mca btl self,vader "$bin/basisbench-gpu-conformance" \
    --gtest_brief=1 --gtest_filter="-$elsewhere"
done
for tool in "${tools[@]}"; do
  step "$tool" "the kernels under compute-sanitizer's $tool" \
    compute-sanitizer --tool "$tool" --error-exitcode 9 "$bin/device_gpu_test" --gtest_brief=1
done
say "the benchmark"
bench=$logs/bench.md
if ! "$bin/gpu_bench" "${effort[@]}" >"$bench"; then
  failed+=(benchmark)
  say "benchmark failed in part"
fi

write_page() {
  echo "# A GPU: $(nvidia-smi --query-gpu=name --format=csv,noheader | sed -n 1p)"
  echo
  echo "Taken by \`./dev gpu\` on $(date -u +%Y-%m-%d) at commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown)."
  echo "Driver, clocks and limits at the end, each of the GPUs: name, driver, power limit, SM clock now and at most, memory"
  echo "clock, ECC, persistence:"
  echo
  nvidia-smi --query-gpu=name,driver_version,power.limit,clocks.sm,clocks.max.sm,clocks.mem,ecc.mode.current,persistence_mode \
    --format=csv,noheader | sed 's/^/    /'
  nvcc --version | sed -n 's/^Cuda compilation tools, /    nvcc /p'
  echo
  echo "| step | result | took |"
  echo "|---|---|---|"
  cat "$table"
  echo
  echo "Each line below is one comparison: both sides, a square product and a copy run in turns, round by round, as recorded"
  echo "graphs timed by events, on operands that the cache does not hold. Times are medians over the rounds; the ratio is the"
  echo "median of the rounds' ratios with its 95 % interval. The floor of an operator is its FLOPs at the speed of the square"
  echo "product in its dtype or its least bytes at the speed of a copy of as many, whichever takes longer."
  echo
  cat "$bench"
}

save_page "$page" write_page
if [ ${#failed[@]} -gt 0 ]; then die "failed: ${failed[*]}"; fi
say "all steps passed"
