// SPDX-License-Identifier: Apache-2.0
// A matrix on a few vectors: what Freivalds' check of a result needs of it, done where it lies.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "workers/devices/dtype.h"

namespace basisbench {

// rows x cols of any element type, rows `leading` elements apart.
struct DeviceMatrix {
  Dtype dtype = Dtype::kF32;
  int64_t rows = 0, cols = 0, leading = 0;
  const void* data = nullptr;
};

// By vector and row, [vector * rows + row].
struct RowProjections {
  std::vector<double> value;  // sum over columns of element times weight, added up wider than f64
  std::vector<double> size;   // root of the sum of the terms' squares
};

// INVALID_ARGUMENT where the weights are no whole number of vectors of `cols`, or a size negative.
absl::Status CheckRowProjection(const DeviceMatrix& matrix, absl::Span<const double> weights);

// Of a matrix in host memory. `weights` have passed the check.
RowProjections ProjectRowsOnHost(const DeviceMatrix& matrix, absl::Span<const double> weights);

}  // namespace basisbench
