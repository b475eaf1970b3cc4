// SPDX-License-Identifier: Apache-2.0
// How well r products of linear forms make the product of two t x t matrices.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"

namespace basisbench {

// 1 - |<t,t,t> - sum of r rank-one terms|^2 / t^3 for the best sum found, <t,t,t> being the tensor
// of the matrix product: exact schemes (all t^3 products; 7^lg t by Strassen where t is a power of
// two), r of the t^3 products, and for t <= 4 regularised alternating least squares from fixed
// seeds. A lower bound: better sums may exist. Deterministic; t >= 1, r >= 1; takes up to seconds.
// Errors of lapack.h.
absl::StatusOr<double> ProductTensorCaptured(int64_t t, int64_t r);

}  // namespace basisbench
