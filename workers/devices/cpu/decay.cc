// SPDX-License-Identifier: Apache-2.0
// Running decays, products with them, and their gradient.
#include <algorithm>
#include <cmath>

#include "services/base/status_macros.h"
#include "workers/devices/checks.h"
#include "workers/devices/cpu/row_kernels.h"
#include "workers/devices/cpu/simd_kernels.h"

namespace basisbench {
namespace {

template <typename T>
void Sums(const DecaySumArgs& args) {
  const auto* x = static_cast<const T*>(args.x);
  auto* y = static_cast<T*>(args.y);
  BestKernels().Of<T>().log_sigmoid(args.rows * args.cols, x, y);
  for (int64_t i = 0; i < args.rows; ++i) {
    if (i % args.period == 0) continue;
    for (int64_t j = 0; j < args.cols; ++j) y[i * args.cols + j] += y[(i - 1) * args.cols + j];
  }
}

// Exponents that are taken at once; and by how many they are taken, so that registers are whole.
constexpr int64_t kBlock = 256, kUnit = 16;

// Every row has one factor.
template <typename T>
void ProductByRows(const DecayProductArgs& args) {
  const auto* plus = static_cast<const T*>(args.plus);
  const auto* minus = static_cast<const T*>(args.minus);
  T factors[kBlock];
  for (int64_t first = 0; first < args.rows; first += kBlock) {
    const int64_t rows = std::min(kBlock, args.rows - first);
    for (int64_t i = 0; i < rows; ++i) {
      factors[i] = plus == nullptr ? T(0) : plus[(first + i) * args.plus_row_stride];
      if (minus != nullptr) factors[i] -= minus[(first + i) * args.minus_row_stride];
    }
    BestKernels().Of<T>().exponentials(rows, factors, T(1), T(0), factors);
    for (int64_t i = 0; i < rows; ++i) {
      T* y = static_cast<T*>(args.y) + (first + i) * args.y_row_stride;
      const int64_t seen = args.causal ? std::min(first + i + 1, args.cols) : args.cols;
      ProductTask<T> task{.rows = 1, .cols = seen, .alpha = factors[i]};
      task.x = static_cast<const T*>(args.x) + (first + i) * args.x_row_stride;
      task.y = y;
      BestKernels().Of<T>().product(task);
      std::fill(y + seen, y + args.cols, T(0));
    }
  }
}

// Every element has a factor of its own; some columns of all rows at once, with their `minus` side
// by side.
template <typename T>
void ProductByElements(const DecayProductArgs& args) {
  const auto* plus = static_cast<const T*>(args.plus);
  T minus[kBlock] = {}, factors[kBlock];
  for (int64_t first = 0; first < args.cols; first += kBlock) {
    const int64_t cols = std::min(kBlock, args.cols - first);
    for (int64_t i = 0; i < args.rows; ++i) {
      if (i == 0 || args.minus_row_stride != 0) {
        const T* from = static_cast<const T*>(args.minus) + i * args.minus_row_stride;
        for (int64_t j = 0; j < cols; ++j) minus[j] = from[(first + j) * args.minus_col_stride];
      }
      const T* x = static_cast<const T*>(args.x) + i * args.x_row_stride + first;
      T* y = static_cast<T*>(args.y) + i * args.y_row_stride + first;
      const int64_t seen = args.causal ? std::clamp<int64_t>(i + 1 - first, 0, cols) : cols;
      const T added = plus == nullptr ? T(0) : plus[i * args.plus_row_stride];
      // What is computed beyond is overwritten.
      const int64_t whole = (seen + kUnit - 1) / kUnit * kUnit;
      BestKernels().Of<T>().exponentials(whole, minus, T(-1), -added, factors);
      ProductTask<T> task{.rows = 1, .cols = std::min(whole, cols), .x = x};
      task.w = factors, task.y = y;
      BestKernels().Of<T>().product(task);
      std::fill(y + seen, y + cols, T(0));
    }
  }
}

template <typename T>
void Product(const DecayProductArgs& args) {
  const bool by_rows = args.minus == nullptr || args.minus_col_stride == 0;
  by_rows ? ProductByRows<T>(args) : ProductByElements<T>(args);
}

template <typename T>
void Gradient(const DecayGradientArgs& args) {
  const auto* x = static_cast<const T*>(args.x);
  const auto* u = static_cast<const T*>(args.of_sums);
  auto* y = static_cast<T*>(args.y);
  for (int64_t j = 0; j < args.cols; ++j) {
    T later = 0;
    for (int64_t i = args.rows - 1; i >= 0; --i) {
      const int64_t at = i * args.cols + j;
      later += u[at];
      y[at] = later / (1 + std::exp(x[at]));
    }
  }
}

}  // namespace

absl::Status RunDecaySum(const DecaySumArgs& args) {
  BB_RETURN_IF_ERROR(CheckDecaySum(args));
  args.dtype == Dtype::kF32 ? Sums<float>(args) : Sums<double>(args);
  return absl::OkStatus();
}

absl::Status RunDecayProduct(const DecayProductArgs& args) {
  BB_RETURN_IF_ERROR(CheckSize("decay product", args.rows, args.cols));
  args.dtype == Dtype::kF32 ? Product<float>(args) : Product<double>(args);
  return absl::OkStatus();
}

absl::Status RunDecayGradient(const DecayGradientArgs& args) {
  BB_RETURN_IF_ERROR(CheckSize("decay gradient", args.rows, args.cols));
  args.dtype == Dtype::kF32 ? Gradient<float>(args) : Gradient<double>(args);
  return absl::OkStatus();
}

}  // namespace basisbench
