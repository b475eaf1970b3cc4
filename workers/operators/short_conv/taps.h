// SPDX-License-Identifier: Apache-2.0
// The taps of a short convolution, one at a time: a tap weighs each channel by a number of its own
// and adds rows to rows. Matrices have `width` columns, without gaps. One thread; borrows
// everything.
#pragma once

#include "absl/status/status.h"
#include "workers/devices/device.h"

namespace basisbench {

class Taps {
 public:
  // `w` and its gradient have a row for each tap; the gradient is null forward.
  Taps(Dtype dtype, int64_t width, Device& device, const void* w, void* gradient)
      : dtype_(dtype), width_(width), device_(device), w_(w), gradient_(gradient) {}

  // to[i] = W[tap] from[i], or is added to, for `rows` rows.
  absl::Status Spread(int64_t tap, int64_t rows, const void* from, void* to, bool add) const {
    if (rows <= 0) return absl::OkStatus();
    ProductArgs args{.dtype = dtype_, .rows = rows, .cols = width_};
    args.x = from;
    args.x_row_stride = width_;
    args.w = Row(w_, tap);
    args.beta = add ? 1 : 0;
    args.y = to;
    args.y_row_stride = width_;
    return device_.Product(args);
  }

  // Gradient of W[tap] = sum_i x[i] dy[i], or is added to.
  absl::Status Gradient(int64_t tap, int64_t rows, const void* x, const void* dy, bool add) const {
    if (rows <= 0) return add ? absl::OkStatus() : ClearGradients(tap, 1);
    ColumnSumArgs args{.dtype = dtype_, .rows = rows, .cols = width_};
    args.x = x;
    args.x_row_stride = width_;
    args.w = dy;
    args.w_row_stride = width_;
    args.beta = add ? 1 : 0;
    args.y = Row(gradient_, tap);
    return device_.ColumnSum(args);
  }
  absl::Status ClearGradients(int64_t first, int64_t taps) const {
    return device_.Fill(dtype_, taps * width_, 0.0, Row(gradient_, first));
  }

  const std::byte* Row(const void* matrix, int64_t row) const {
    return static_cast<const std::byte*>(matrix) + row * width_ * DtypeSize(dtype_);
  }
  std::byte* Row(void* matrix, int64_t row) const {
    return static_cast<std::byte*>(matrix) + row * width_ * DtypeSize(dtype_);
  }

 private:
  const Dtype dtype_;
  const int64_t width_;
  Device& device_;
  const void* w_;
  void* gradient_;
};

}  // namespace basisbench
