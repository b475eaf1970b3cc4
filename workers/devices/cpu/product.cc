// SPDX-License-Identifier: Apache-2.0
// Products and sums over strided matrices, real and complex.
#include <algorithm>
#include <complex>

#include "services/base/status_macros.h"
#include "workers/devices/checks.h"
#include "workers/devices/cpu/row_kernels.h"
#include "workers/devices/cpu/simd_kernels.h"

namespace basisbench {
namespace {

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

// Complex numbers one by one: those that do not follow each other, or have no w.
template <typename R>
void ComplexProducts(const ProductArgs& args) {
  using Complex = std::complex<R>;
  const R alpha = static_cast<R>(args.alpha), beta = static_cast<R>(args.beta);
  for (int64_t i = 0; i < args.rows; ++i) {
    const Complex* x = static_cast<const Complex*>(args.x) + i * args.x_row_stride;
    const Complex* w = static_cast<const Complex*>(args.w) + i * args.w_row_stride;
    Complex* y = static_cast<Complex*>(args.y) + i * args.y_row_stride;
    for (int64_t j = 0; j < args.cols; ++j) {
      Complex value = alpha * x[j * args.x_col_stride];
      if (args.w != nullptr) value = Times(value, w[j * args.w_col_stride], args.conjugate_w);
      Complex& to = y[j * args.y_col_stride];
      to = beta == 0 ? value : value + beta * to;
    }
  }
}

template <typename T>
void Products(const ProductArgs& args) {
  const bool unit = args.x_col_stride == 1 && args.w_col_stride == 1 && args.y_col_stride == 1;
  if (args.complex && (args.w == nullptr || !unit)) return ComplexProducts<T>(args);
  ProductTask<T> task{.rows = args.rows, .cols = args.cols, .complex = args.complex};
  task.conjugate_w = args.conjugate_w;
  task.alpha = static_cast<T>(args.alpha), task.beta = static_cast<T>(args.beta);
  task.x = static_cast<const T*>(args.x);
  task.x_row = args.x_row_stride, task.x_col = args.x_col_stride;
  task.w = static_cast<const T*>(args.w);
  task.w_row = args.w_row_stride, task.w_col = args.w_col_stride;
  task.y = static_cast<T*>(args.y);
  task.y_row = args.y_row_stride, task.y_col = args.y_col_stride;
  BestKernels().Of<T>().product(task);
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
  args.dtype == Dtype::kF32 ? Products<float>(args) : Products<double>(args);
  return absl::OkStatus();
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
