// SPDX-License-Identifier: Apache-2.0
// Batched strided GEMM over OpenBLAS: one library call where the batch is really one larger
// product, an own kernel for batches of small products, a loop of calls otherwise; never a copy.
// Stateless; any thread.
#pragma once

#include "absl/status/status.h"
#include "workers/devices/cpu/openblas.h"
#include "workers/devices/device.h"

namespace basisbench {

// The same product with as small a batch as the strides allow.
GemmArgs MergeBatch(GemmArgs args);

// INVALID_ARGUMENT naming the argument when a size is negative or too large for the library, or a
// leading dimension is shorter than a row.
absl::Status CheckGemm(const GemmArgs& args);

absl::Status RunGemm(const OpenBlas& blas, const GemmArgs& args);

}  // namespace basisbench
