// SPDX-License-Identifier: Apache-2.0
// Products and sums over strided matrices, real and complex. Where columns follow each other the
// inner loop is over plain arrays, which the compiler turns into vector instructions.
#include <algorithm>
#include <complex>

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

// std::complex's own product looks for infinities, which keeps it out of vector registers.
template <typename T>
T Times(T a, T b, bool) {
  return a * b;
}
template <typename T>
std::complex<T> Times(std::complex<T> a, std::complex<T> b, bool conjugate) {
  const T imaginary = conjugate ? -b.imag() : b.imag();
  return {a.real() * b.real() - a.imag() * imaginary, a.real() * imaginary + a.imag() * b.real()};
}

// One row: y = alpha x w + beta y. kUnit: columns follow each other.
template <typename T, typename R, bool kUnit>
void ProductRow(const ProductArgs& args, const T* x, const T* w, T* y) {
  const R alpha = static_cast<R>(args.alpha), beta = static_cast<R>(args.beta);
  const int64_t xs = kUnit ? 1 : args.x_col_stride, ws = kUnit ? 1 : args.w_col_stride,
                ys = kUnit ? 1 : args.y_col_stride;
  const bool conjugate = args.conjugate_w;
  if (w == nullptr && beta == 0) {
    for (int64_t j = 0; j < args.cols; ++j) y[j * ys] = alpha * x[j * xs];
  } else if (w == nullptr) {
    for (int64_t j = 0; j < args.cols; ++j) y[j * ys] = alpha * x[j * xs] + beta * y[j * ys];
  } else if (beta == 0) {
    for (int64_t j = 0; j < args.cols; ++j)
      y[j * ys] = alpha * Times(x[j * xs], w[j * ws], conjugate);
  } else {
    for (int64_t j = 0; j < args.cols; ++j)
      y[j * ys] = alpha * Times(x[j * xs], w[j * ws], conjugate) + beta * y[j * ys];
  }
}

template <typename T, typename R>
absl::Status Products(const ProductArgs& args) {
  const auto* x = static_cast<const T*>(args.x);
  const auto* w = static_cast<const T*>(args.w);
  auto* y = static_cast<T*>(args.y);
  const bool unit = args.x_col_stride == 1 && args.y_col_stride == 1 &&
                    (args.w == nullptr || args.w_col_stride == 1);
  for (int64_t i = 0; i < args.rows; ++i) {
    const T* w_row = w == nullptr ? nullptr : w + i * args.w_row_stride;
    (unit ? ProductRow<T, R, true> : ProductRow<T, R, false>)(args, x + i * args.x_row_stride,
                                                              w_row, y + i * args.y_row_stride);
  }
  return absl::OkStatus();
}

// Rows summed before they are added to the total, so that the error grows with their number only.
constexpr int64_t kBlock = 64;
// Columns summed side by side: the sums stay in the first cache.
constexpr int64_t kColumns = 256;

template <typename T, typename R>
absl::Status ColumnSums(const ColumnSumArgs& args) {
  const auto* x = static_cast<const T*>(args.x);
  const auto* w = static_cast<const T*>(args.w);
  auto* y = static_cast<T*>(args.y);
  T total[kColumns], block[kColumns];
  for (int64_t first = 0; first < args.cols; first += kColumns) {
    const int64_t cols = std::min(kColumns, args.cols - first);
    std::fill_n(total, cols, T(0));
    for (int64_t row = 0; row < args.rows; row += kBlock) {
      std::fill_n(block, cols, T(0));
      for (int64_t i = row; i < std::min(row + kBlock, args.rows); ++i) {
        const T* xi = x + i * args.x_row_stride + first * args.x_col_stride;
        if (w == nullptr) {
          for (int64_t j = 0; j < cols; ++j) block[j] += xi[j * args.x_col_stride];
          continue;
        }
        const T* wi = w + i * args.w_row_stride + first * args.w_col_stride;
        for (int64_t j = 0; j < cols; ++j)
          block[j] += Times(xi[j * args.x_col_stride], wi[j * args.w_col_stride], args.conjugate_w);
      }
      for (int64_t j = 0; j < cols; ++j) total[j] += block[j];
    }
    for (int64_t j = 0; j < cols; ++j) {
      T& out = y[(first + j) * args.y_stride];
      out = static_cast<R>(args.alpha) * total[j] +
            (args.beta == 0 ? T(0) : static_cast<R>(args.beta) * out);
    }
  }
  return absl::OkStatus();
}

template <typename T>
void Gather(const GatherArgs& args) {
  const auto* x = static_cast<const T*>(args.x);
  auto* y = static_cast<T*>(args.y);
  for (int64_t i = 0; i < args.rows; ++i) {
    for (int64_t j = 0; j < args.cols; ++j)
      y[i * args.y_row_stride + j * args.y_col_stride] =
          x[i * args.x_row_stride + args.index[j] * args.x_col_stride];
  }
}

// The function for the element type of the arguments.
template <typename Args, typename OfType>
absl::Status ByType(const Args& args, OfType of_type) {
  if (args.dtype == Dtype::kF32)
    return args.complex ? of_type(std::complex<float>(), float()) : of_type(float(), float());
  return args.complex ? of_type(std::complex<double>(), double()) : of_type(double(), double());
}

}  // namespace

absl::Status RunProduct(const ProductArgs& args) {
  BB_RETURN_IF_ERROR(CheckSize("product", args.rows, args.cols));
  return ByType(args, [&](auto element, auto real) {
    return Products<decltype(element), decltype(real)>(args);
  });
}

absl::Status RunColumnSum(const ColumnSumArgs& args) {
  BB_RETURN_IF_ERROR(CheckSize("column sum", args.rows, args.cols));
  return ByType(args, [&](auto element, auto real) {
    return ColumnSums<decltype(element), decltype(real)>(args);
  });
}

absl::Status RunGather(const GatherArgs& args) {
  BB_RETURN_IF_ERROR(CheckSize("gather", args.rows, args.cols));
  args.dtype == Dtype::kF32 ? Gather<float>(args) : Gather<double>(args);
  return absl::OkStatus();
}

absl::Status RunFill(Dtype dtype, int64_t count, double value, void* y) {
  BB_RETURN_IF_ERROR(CheckSize("fill", 1, count));
  if (dtype == Dtype::kF32) {
    std::fill_n(static_cast<float*>(y), count, static_cast<float>(value));
  } else {
    std::fill_n(static_cast<double*>(y), count, value);
  }
  return absl::OkStatus();
}

}  // namespace basisbench
