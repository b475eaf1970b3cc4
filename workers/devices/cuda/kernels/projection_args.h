// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "workers/devices/dtype.h"

namespace basisbench {

// value[k,i] = sum over j of x[i,j] v[k,j] over rows x cols of contiguous elements of any type, and
// size[k,i] the root of the sum of the terms' squares: everything in f64, value as if in twice
// that. v is vectors x cols, value and size are vectors x rows, all without gaps in device memory.
struct ProjectionArgs {
  Dtype dtype = Dtype::kF32;
  int64_t rows = 0, cols = 0, vectors = 0;
  const void* x = nullptr;
  int64_t row_stride = 0;
  const double* v = nullptr;
  double* value = nullptr;
  double* size = nullptr;
};

}  // namespace basisbench
