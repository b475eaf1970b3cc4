// SPDX-License-Identifier: Apache-2.0
// Running decays, products with them, and their gradient.
#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/devices/cpu/row_kernels.h"

namespace basisbench {
namespace {

absl::Status CheckSize(const char* what, int64_t rows, int64_t cols) {
  if (rows >= 0 && cols >= 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(what, ": rows = ", rows, ", cols = ", cols, " must not be negative"));
}

// log(1 / (1 + e^-x)), without overflow either way.
template <typename T>
T LogSigmoid(T x) {
  return std::min(x, T(0)) - std::log1p(std::exp(-std::fabs(x)));
}

template <typename T>
void Sums(const DecaySumArgs& args) {
  const auto* x = static_cast<const T*>(args.x);
  auto* y = static_cast<T*>(args.y);
  for (int64_t i = 0; i < args.rows; ++i) {
    const bool starts = i % args.period == 0;
    for (int64_t j = 0; j < args.cols; ++j) {
      const int64_t at = i * args.cols + j;
      y[at] = LogSigmoid(x[at]) + (starts ? T(0) : y[at - args.cols]);
    }
  }
}

template <typename T>
void Product(const DecayProductArgs& args) {
  const auto* plus = static_cast<const T*>(args.plus);
  const auto* minus = static_cast<const T*>(args.minus);
  const auto exponent = [&](int64_t i, int64_t j) {
    const T added = plus == nullptr ? T(0) : plus[i * args.plus_row_stride];
    return added -
           (minus == nullptr ? T(0) : minus[i * args.minus_row_stride + j * args.minus_col_stride]);
  };
  for (int64_t i = 0; i < args.rows; ++i) {
    const T* x = static_cast<const T*>(args.x) + i * args.x_row_stride;
    T* y = static_cast<T*>(args.y) + i * args.y_row_stride;
    const int64_t seen = args.causal ? std::min(i + 1, args.cols) : args.cols;
    if (args.minus_col_stride == 0) {
      const T factor = std::exp(exponent(i, 0));
      for (int64_t j = 0; j < seen; ++j) y[j] = x[j] * factor;
    } else {
      for (int64_t j = 0; j < seen; ++j) y[j] = x[j] * std::exp(exponent(i, j));
    }
    std::fill(y + seen, y + args.cols, T(0));
  }
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
  BB_RETURN_IF_ERROR(CheckSize("decay sum", args.rows, args.cols));
  if (args.period < 1)
    return absl::InvalidArgumentError(absl::StrCat("decay sum: period = ", args.period));
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
