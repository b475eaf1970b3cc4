// SPDX-License-Identifier: Apache-2.0
// A matrix in a GPU's memory on a few vectors: what Freivalds' check of a result needs of it,
// without the result being brought to the host.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "workers/devices/device.h"

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

// `weights` in host memory: a vector of `cols` after the other. Waits for everything issued on the
// device. UNIMPLEMENTED for a device without own kernels, INVALID_ARGUMENT where the weights are no
// whole number of vectors.
absl::StatusOr<RowProjections> ProjectRows(Device& device, const DeviceMatrix& matrix,
                                           absl::Span<const double> weights);

}  // namespace basisbench
