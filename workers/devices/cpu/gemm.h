// SPDX-License-Identifier: Apache-2.0
// Batched strided GEMM over OpenBLAS: one library call where the batch is really one larger
// product, an own kernel for batches of small products, a loop of calls otherwise; never a copy.
// Stateless; any thread.
#pragma once

#include "absl/status/status.h"
#include "workers/devices/cpu/openblas.h"
#include "workers/devices/device.h"

namespace basisbench {

absl::Status RunGemm(const OpenBlas& blas, const GemmArgs& args);

}  // namespace basisbench
