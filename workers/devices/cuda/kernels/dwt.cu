// SPDX-License-Identifier: Apache-2.0
// Wavelet transform of rows, a block of threads for each. A level is a phase: its threads make the
// sums and differences side by side. What is between the levels stays in shared memory where a
// row's sums fit, so that a row is read once and written once; longer ones use the given memory.
#include "services/base/status_macros.h"
#include "workers/devices/checks.h"
#include "workers/devices/cuda/kernels/by_type.h"
#include "workers/devices/cuda/kernels/kernels.h"
#include "workers/devices/cuda/kernels/launch.h"

namespace basisbench::kernels {
namespace {

constexpr int64_t kMostShared = 144 << 10;

template <typename T>
struct DwtRows {
  static constexpr int kMostThreads = 512;
  using State = NoState;

  int64_t rows = 0, n = 0;
  int levels = 0, taps = 0;
  T low[kMostWaveletTaps] = {}, high[kMostWaveletTaps] = {};
  bool adjoint = false;
  const T* in = nullptr;
  int64_t in_stride = 0;
  T* out = nullptr;
  int64_t out_stride = 0;
  T* work = nullptr;

  // A row's sums of odd and of even levels.
  BB_HOST_DEVICE int64_t Sums() const { return n / 2 + n / 4; }
  BB_HOST_DEVICE bool InShared() const {
    return Sums() * static_cast<int64_t>(sizeof(T)) <= kMostShared;
  }
  int64_t Blocks() const { return rows; }
  BB_HOST_DEVICE int Threads() const {
    return static_cast<int>(Least<int64_t>(Most<int64_t>(n / 4, 32), kMostThreads));
  }
  int64_t SharedBytes() const { return InShared() ? Sums() * static_cast<int64_t>(sizeof(T)) : 0; }
  BB_HOST_DEVICE int Phases() const { return levels; }

  BB_HOST_DEVICE void Run(int phase, Place at, State&, std::byte* shared) const {
    T* sums = InShared() ? reinterpret_cast<T*>(shared) : work + at.block * Sums();
    const T* from = in + at.block * in_stride;
    T* to = out + at.block * out_stride;
    const int level = adjoint ? levels - phase : phase + 1;
    const int64_t half = n >> level;
    T* own = sums + (level % 2 == 0 ? n / 2 : 0);
    T* other = sums + (level % 2 == 0 ? 0 : n / 2);  // of the level before
    for (int64_t i = at.thread; i < half; i += Threads()) {
      if (adjoint) {
        Join(half, i, level == levels ? from : own, from + half, level == 1 ? to : other);
      } else {
        Split(half, i, level == 1 ? from : other, level == levels ? to : own, to + half);
      }
    }
  }

  BB_HOST_DEVICE void Split(int64_t half, int64_t i, const T* x, T* a, T* d) const {
    T sum = 0, difference = 0;
    int64_t from = 2 * i;
    for (int tap = 0; tap < taps; ++tap, ++from) {
      if (from >= 2 * half) from -= 2 * half;
      sum += low[tap] * x[from];
      difference += high[tap] * x[from];
    }
    a[i] = sum;
    d[i] = difference;
  }

  // Elements 2i and 2i + 1.
  BB_HOST_DEVICE void Join(int64_t half, int64_t i, const T* a, const T* d, T* x) const {
    T even = 0, odd = 0;
    int64_t from = i;
    for (int tap = 0; tap < taps; tap += 2, --from) {
      if (from < 0) from += half;
      even += low[tap] * a[from] + high[tap] * d[from];
      odd += low[tap + 1] * a[from] + high[tap + 1] * d[from];
    }
    x[2 * i] = even;
    x[2 * i + 1] = odd;
  }
};

template <typename T>
absl::Status Transform(const Queue& queue, const DwtArgs& args) {
  DwtRows<T> program;
  program.rows = args.rows, program.n = args.n;
  program.levels = static_cast<int>(args.levels);
  program.taps = static_cast<int>(args.filter.size());
  for (int tap = 0; tap < program.taps; ++tap) {
    program.low[tap] = static_cast<T>(args.filter[tap]);
    const double mirrored = args.filter[program.taps - 1 - tap];
    program.high[tap] = static_cast<T>(tap % 2 == 0 ? mirrored : -mirrored);
  }
  program.adjoint = args.adjoint;
  program.in = static_cast<const T*>(args.in), program.in_stride = args.in_row_stride;
  program.out = static_cast<T*>(args.out), program.out_stride = args.out_row_stride;
  program.work = static_cast<T*>(args.work);
  return Launch(queue, program);
}

}  // namespace

absl::Status RunDwt(const Queue& queue, const DwtArgs& args) {
  BB_RETURN_IF_ERROR(CheckDwt(args));
  return ByReal(args.dtype, [&](auto real) { return Transform<decltype(real)>(queue, args); });
}

}  // namespace basisbench::kernels
