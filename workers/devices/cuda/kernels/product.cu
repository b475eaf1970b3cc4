// SPDX-License-Identifier: Apache-2.0
// Products of strided matrices, real and complex, and gathers.
#include <utility>

#include "services/base/status_macros.h"
#include "workers/devices/checks.h"
#include "workers/devices/cuda/kernels/by_type.h"
#include "workers/devices/cuda/kernels/kernels.h"
#include "workers/devices/cuda/kernels/rows.h"

namespace basisbench::kernels {
namespace {

template <typename E, typename T>
struct ProductBody {
  const E *x, *w;
  E* y;
  int64_t x_row, x_col, w_row, w_col, y_row, y_col;
  T alpha, beta;
  bool conjugate;

  template <int W>
  BB_HOST_DEVICE void At(int64_t row, int64_t first) const {
    Lanes<E, W> values = Load<W>(x + row * x_row, x_col, first);
    if (w != nullptr) {
      const Lanes<E, W> by = Load<W>(w + row * w_row, w_col, first);
      for (int k = 0; k < W; ++k) values.v[k] = Times(values.v[k], by.v[k], conjugate);
    }
    for (int k = 0; k < W; ++k) values.v[k] = alpha * values.v[k];
    if (beta != 0) {
      const Lanes<E, W> old = Load<W>(y + row * y_row, y_col, first);
      for (int k = 0; k < W; ++k) values.v[k] = values.v[k] + beta * old.v[k];
    }
    Store(values, y + row * y_row, y_col, first);
  }
};

template <typename E, typename T>
absl::Status Product(const Queue& queue, const ProductArgs& args) {
  int64_t rows = args.rows, cols = args.cols;
  ProductBody<E, T> body{static_cast<const E*>(args.x),
                         static_cast<const E*>(args.w),
                         static_cast<E*>(args.y),
                         args.x_row_stride,
                         args.x_col_stride,
                         args.w_row_stride,
                         args.w_col_stride,
                         args.y_row_stride,
                         args.y_col_stride,
                         static_cast<T>(args.alpha),
                         static_cast<T>(args.beta),
                         args.conjugate_w};
  if (rows > 1 && body.y_row < body.y_col) {  // along the output's smaller stride
    std::swap(rows, cols);
    std::swap(body.x_row, body.x_col);
    std::swap(body.w_row, body.w_col);
    std::swap(body.y_row, body.y_col);
  }
  const bool wide = body.y_col == 1 && IsWide<E>(rows, {{body.x, body.x_row, body.x_col},
                                                        {body.w, body.w_row, body.w_col},
                                                        {body.y, body.y_row, body.y_col}});
  return RunAtPlaces<kWide<E>>(queue, rows, cols, wide, body);
}

template <typename T>
struct GatherBody {
  const int32_t* index;
  const T* x;
  T* y;
  int64_t x_row, x_col, y_row, y_col;

  template <int W>
  BB_HOST_DEVICE void At(int64_t row, int64_t col) const {
    y[row * y_row + col * y_col] = x[row * x_row + index[col] * x_col];
  }
};

}  // namespace

absl::Status RunProduct(const Queue& queue, const ProductArgs& args) {
  BB_RETURN_IF_ERROR(CheckSize("product", args.rows, args.cols));
  return ByElement(args.dtype, args.complex, [&](auto element, auto real) {
    return Product<decltype(element), decltype(real)>(queue, args);
  });
}

absl::Status RunGather(const Queue& queue, const GatherArgs& args) {
  BB_RETURN_IF_ERROR(CheckSize("gather", args.rows, args.cols));
  return ByReal(args.dtype, [&](auto real) {
    using T = decltype(real);
    return RunAtPlaces<1>(
        queue, args.rows, args.cols, false,
        GatherBody<T>{args.index, static_cast<const T*>(args.x), static_cast<T*>(args.y),
                      args.x_row_stride, args.x_col_stride, args.y_row_stride, args.y_col_stride});
  });
}

}  // namespace basisbench::kernels
