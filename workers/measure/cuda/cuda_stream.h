// SPDX-License-Identifier: Apache-2.0
// The stream of a CUDA device, as timing sees it.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "workers/devices/cuda/cuda_device.h"
#include "workers/measure/gpu_stream.h"

namespace basisbench {

// `device` outlives it.
absl::StatusOr<std::unique_ptr<GpuStream>> MakeCudaStream(CudaDevice& device);

}  // namespace basisbench
