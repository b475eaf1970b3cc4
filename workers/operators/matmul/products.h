// SPDX-License-Identifier: Apache-2.0
// The three products of a matmul and its gradients on operands without gaps in their rows. What is
// empty is left alone. Pure but for what they issue on the device.
#pragma once

#include "workers/operators/overlap.h"

namespace basisbench {

// Y (n x m) from X (n x k) and W (k x m), and so on.
struct ProductSizes {
  Dtype dtype = Dtype::kF32;
  int64_t n = 0, k = 0, m = 0;
};

// y = x w.
absl::Status MultiplyWhile(Device& device, const ProductSizes& sizes, const void* x, const void* w,
                           void* y, Transfers& transfers);
// dx = dy w^T.
absl::Status InputGradientWhile(Device& device, const ProductSizes& sizes, const void* dy,
                                const void* w, void* dx, Transfers& transfers);
// dw = x^T dy, or dw += x^T dy.
absl::Status WeightGradientWhile(Device& device, const ProductSizes& sizes, const void* x,
                                 const void* dy, bool add, void* dw, Transfers& transfers);

}  // namespace basisbench
