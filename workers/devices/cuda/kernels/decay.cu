// SPDX-License-Identifier: Apache-2.0
// Running decays, products with them, and their gradient.
#include <cmath>

#include "services/base/status_macros.h"
#include "workers/devices/checks.h"
#include "workers/devices/cuda/kernels/by_type.h"
#include "workers/devices/cuda/kernels/kernels.h"
#include "workers/devices/cuda/kernels/rows.h"

namespace basisbench::kernels {
namespace {

// Running sums down the columns of a dense matrix, or up, starting anew every `period` rows. Body
// gives the terms, `T Term(at)`, and takes the sums, `Put(at, sum)`. A block has kCols columns of
// one period and goes along it in tiles; every thread has kHeld rows of one column of a tile, so
// that memory is read once and written once.
template <typename T, typename Body>
struct RunningSums {
  static constexpr int kCols = 32, kWalkers = 16, kHeld = 8;
  static constexpr int kTile = kWalkers * kHeld;
  static constexpr int kMostThreads = kCols * kWalkers;
  struct State {
    T sums[kHeld];
    T before;  // sum of the tiles done
  };

  int64_t rows = 0, cols = 0, period = 1;
  bool upwards = false;
  Body body;

  BB_HOST_DEVICE int64_t Across() const { return CeilDivide(cols, kCols); }
  int64_t Blocks() const { return CeilDivide(rows, period) * Across(); }
  int Threads() const { return kMostThreads; }
  int64_t SharedBytes() const { return kMostThreads * static_cast<int64_t>(sizeof(T)); }
  BB_HOST_DEVICE int Phases() const {
    return 2 * static_cast<int>(CeilDivide(Least(period, rows), kTile));
  }

  BB_HOST_DEVICE void Run(int phase, Place at, State& state, std::byte* shared) const {
    T* held = reinterpret_cast<T*>(shared);  // [walker][column]
    const Divided block = Divide(at.block, Across());
    const int c = at.thread % kCols, walker = at.thread / kCols;
    const int64_t col = block.remainder * kCols + c;
    const int64_t start = block.quotient * period, length = Least(period, rows - start);
    const int64_t first = int64_t{phase / 2} * kTile + walker * kHeld;  // of the period
    if (col >= cols) return;
    const auto place = [&](int64_t step) {
      return (start + (upwards ? length - 1 - step : step)) * cols + col;
    };
    if (phase == 0) state.before = 0;
    if (phase % 2 == 0) {
      T sum = 0;
      for (int e = 0; e < kHeld; ++e) {
        if (first + e < length) sum += body.Term(place(first + e));
        state.sums[e] = sum;
      }
      held[at.thread] = sum;
      return;
    }
    T mine = state.before;
    for (int other = 0; other < kWalkers; ++other) {
      const T sum = held[other * kCols + c];
      if (other < walker) mine += sum;
      state.before += sum;
    }
    for (int e = 0; e < kHeld; ++e) {
      if (first + e < length) body.Put(place(first + e), mine + state.sums[e]);
    }
  }
};

// y = running sums of log sigmoid(x), without overflow either way.
template <typename T>
struct LogDecays {
  const T* x;
  T* y;
  BB_HOST_DEVICE T Term(int64_t at) const {
    return Least(x[at], T(0)) - std::log1p(std::exp(-std::fabs(x[at])));
  }
  BB_HOST_DEVICE void Put(int64_t at, T sum) const { y[at] = sum; }
};

// y = (1 - sigmoid(x)) times the running sums of u.
template <typename T>
struct DecayGradients {
  const T *x, *u;
  T* y;
  BB_HOST_DEVICE T Term(int64_t at) const { return u[at]; }
  BB_HOST_DEVICE void Put(int64_t at, T sum) const { y[at] = sum / (1 + std::exp(x[at])); }
};

template <typename T>
struct DecayProductBody {
  const T *x, *plus, *minus;
  T* y;
  int64_t x_row, plus_row, minus_row, minus_col, y_row;
  bool causal;

  template <int W>
  BB_HOST_DEVICE void At(int64_t row, int64_t first) const {
    const T added = plus == nullptr ? T(0) : plus[row * plus_row];
    Lanes<T, W> values = Load<W>(x + row * x_row, 1, first);
    for (int k = 0; k < W; ++k) {
      const int64_t col = first + k;
      const T taken = minus == nullptr ? T(0) : minus[row * minus_row + col * minus_col];
      values.v[k] = causal && col > row ? T(0) : values.v[k] * std::exp(added - taken);
    }
    Store(values, y + row * y_row, 1, first);
  }
};

}  // namespace

absl::Status RunDecaySum(const Queue& queue, const DecaySumArgs& args) {
  BB_RETURN_IF_ERROR(CheckDecaySum(args));
  if (args.rows == 0 || args.cols == 0) return absl::OkStatus();
  return ByReal(args.dtype, [&](auto real) {
    using T = decltype(real);
    const LogDecays<T> body{static_cast<const T*>(args.x), static_cast<T*>(args.y)};
    return Launch(queue,
                  RunningSums<T, LogDecays<T>>{args.rows, args.cols, args.period, false, body});
  });
}

absl::Status RunDecayGradient(const Queue& queue, const DecayGradientArgs& args) {
  BB_RETURN_IF_ERROR(CheckSize("decay gradient", args.rows, args.cols));
  if (args.rows == 0 || args.cols == 0) return absl::OkStatus();
  return ByReal(args.dtype, [&](auto real) {
    using T = decltype(real);
    const DecayGradients<T> body{static_cast<const T*>(args.x), static_cast<const T*>(args.of_sums),
                                 static_cast<T*>(args.y)};
    return Launch(queue,
                  RunningSums<T, DecayGradients<T>>{args.rows, args.cols, args.rows, true, body});
  });
}

absl::Status RunDecayProduct(const Queue& queue, const DecayProductArgs& args) {
  BB_RETURN_IF_ERROR(CheckSize("decay product", args.rows, args.cols));
  return ByReal(args.dtype, [&](auto real) {
    using T = decltype(real);
    const DecayProductBody<T> body{static_cast<const T*>(args.x),
                                   static_cast<const T*>(args.plus),
                                   static_cast<const T*>(args.minus),
                                   static_cast<T*>(args.y),
                                   args.x_row_stride,
                                   args.plus_row_stride,
                                   args.minus_row_stride,
                                   args.minus_col_stride,
                                   args.y_row_stride,
                                   args.causal};
    const bool wide =
        IsWide<T>(args.rows, {{args.x, args.x_row_stride}, {args.y, args.y_row_stride}});
    return RunAtPlaces<kWide<T>>(queue, args.rows, args.cols, wide, body);
  });
}

}  // namespace basisbench::kernels
