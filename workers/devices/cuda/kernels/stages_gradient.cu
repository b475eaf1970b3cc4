// SPDX-License-Identifier: Apache-2.0
// The adjoint of linear stages, one stage at a time: a block takes one pair of elements through
// some of the vectors, turns their gradients back, and sums the four products that are the gradient
// of the pair's block of numbers.
#include "services/base/status_macros.h"
#include "workers/devices/checks.h"
#include "workers/devices/cuda/kernels/by_type.h"
#include "workers/devices/cuda/kernels/kernels.h"
#include "workers/devices/cuda/kernels/partials.h"

namespace basisbench::kernels {
namespace {

constexpr int kNumbers = 4;  // of a pair's block, [to][from]

template <typename T>
struct StageGradient {
  static constexpr int kMostThreads = 128;
  static constexpr int kGroups = 8;  // of threads, whose sums are added first
  struct State {
    T sums[kNumbers];
  };

  int64_t n = 0, cols = 0, stride = 1, parts = 1, part_cols = 0;
  const T *blocks = nullptr, *x = nullptr, *dy = nullptr;
  T* dx = nullptr;
  T* partial = nullptr;  // [part][pair][number]; of a single part, `sums` puts it in its place
  AddPartials<T, T> sums{};

  int64_t Blocks() const { return parts * (n / 2); }
  int Threads() const { return kMostThreads; }
  int64_t SharedBytes() const {
    return (kMostThreads + kGroups) * kNumbers * static_cast<int64_t>(sizeof(T));
  }
  BB_HOST_DEVICE constexpr int Phases() const { return 3; }

  BB_HOST_DEVICE void Walk(int64_t part, int64_t pair, int thread, State& state) const {
    const Divided place = Divide(pair, stride);
    const int64_t a = (place.quotient * 2 * stride + place.remainder) * cols;
    const int64_t b = a + stride * cols;
    const T* block = blocks + kNumbers * pair;
    for (T& sum : state.sums) sum = 0;
    const int64_t first = part * part_cols, end = Least(cols, first + part_cols);
    for (int64_t j = first + thread; j < end; j += kMostThreads) {
      const T xa = x[a + j], xb = x[b + j], da = dy[a + j], db = dy[b + j];
      state.sums[0] += da * xa;
      state.sums[1] += da * xb;
      state.sums[2] += db * xa;
      state.sums[3] += db * xb;
      dx[a + j] = block[0] * da + block[2] * db;
      dx[b + j] = block[1] * da + block[3] * db;
    }
  }

  BB_HOST_DEVICE void Run(int phase, Place at, State& state, std::byte* shared) const {
    T* held = reinterpret_cast<T*>(shared);       // [thread][number]
    T* grouped = held + kMostThreads * kNumbers;  // [group][number]
    constexpr int kOfGroup = kMostThreads / kGroups;
    const Divided block = Divide(at.block, n / 2);
    const int number = at.thread % kNumbers, group = at.thread / kNumbers;
    if (phase == 0) {
      Walk(block.quotient, block.remainder, at.thread, state);
      for (int k = 0; k < kNumbers; ++k) held[at.thread * kNumbers + k] = state.sums[k];
    } else if (phase == 1 && group < kGroups) {
      T sum = 0;
      for (int i = 0; i < kOfGroup; ++i) sum += held[(group * kOfGroup + i) * kNumbers + number];
      grouped[group * kNumbers + number] = sum;
    } else if (phase == 2 && group == 0) {
      T sum = 0;
      for (int i = 0; i < kGroups; ++i) sum += grouped[i * kNumbers + number];
      const int64_t mine = block.remainder * kNumbers + number;
      if (parts == 1) {
        sums.Put(mine, sum);
      } else {
        partial[block.quotient * (n / 2) * kNumbers + mine] = sum;
      }
    }
  }
};

template <typename T>
absl::Status Backward(const Queue& queue, const StagesGradientArgs& args) {
  const int64_t numbers = args.n / 2 * kNumbers;
  StageGradient<T> program;
  program.n = args.n, program.cols = args.cols;
  program.dx = static_cast<T*>(args.dx);
  program.parts = PartsOf(queue, args.cols, args.n / 2, numbers * static_cast<int64_t>(sizeof(T)));
  program.part_cols = CeilDivide(args.cols, program.parts);
  program.partial = reinterpret_cast<T*>(queue.scratch);
  const auto stages = static_cast<int64_t>(args.strides.size());
  for (int64_t stage = stages - 1; stage >= 0; --stage) {
    program.stride = args.strides[static_cast<size_t>(stage)];
    program.blocks = static_cast<const T*>(args.blocks) + stage * numbers;
    program.x = stage == 0 ? static_cast<const T*>(args.x)
                           : static_cast<const T*>(args.between) + (stage - 1) * args.n * args.cols;
    program.dy = static_cast<const T*>(stage + 1 == stages ? args.dy : args.dx);
    program.sums = {program.partial,
                    program.parts,
                    numbers,
                    T(1),
                    static_cast<T>(args.beta),
                    static_cast<T*>(args.gradient) + stage * numbers,
                    1};
    BB_RETURN_IF_ERROR(Launch(queue, program));
    if (program.parts > 1) BB_RETURN_IF_ERROR(RunAtEach(queue, numbers, program.sums));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status RunLinearStagesGradient(const Queue& queue, const StagesGradientArgs& args) {
  BB_RETURN_IF_ERROR(CheckStages(args.n, args.cols, args.strides));
  if (args.n == 0) return absl::OkStatus();
  return ByReal(args.dtype, [&](auto real) { return Backward<decltype(real)>(queue, args); });
}

}  // namespace basisbench::kernels
