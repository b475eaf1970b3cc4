// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/devices/cuda/check.h"
#include "workers/devices/cuda/cuda_device.h"
#include "workers/measure/cuda/cuda_stream.h"
#include "workers/measure/event_body_clock.h"
#include "workers/runner/gpu_measuring.h"

namespace basisbench {

absl::StatusOr<std::unique_ptr<GpuMeasuring>> MakeGpuMeasuring(Device& device,
                                                               const std::string& uuid) {
  CudaDevice* cuda = AsCuda(device);
  if (cuda == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("device ", device.name(), " is no GPU"));
  }
  auto gpu = std::make_unique<GpuMeasuring>();
  gpu->uuid = uuid;
  int index = 0, cache_bytes = 0;
  BB_RETURN_IF_ERROR(CheckCuda(cuda->api().runtime->GetDevice(&index), "cudaGetDevice"));
  BB_RETURN_IF_ERROR(CheckCuda(
      cuda->api().runtime->DeviceGetAttribute(&cache_bytes, cudaDevAttrL2CacheSize, index),
      "cudaDeviceGetAttribute(L2CacheSize)"));
  gpu->cache_bytes = cache_bytes;
  BB_ASSIGN_OR_RETURN(gpu->stream, MakeCudaStream(*cuda));
  BB_ASSIGN_OR_RETURN(gpu->event_overhead_seconds, EventOverheadSeconds(*gpu->stream));
  OpenReadings(LoadNvml(), gpu.get());
  return gpu;
}

std::vector<std::pair<std::string, std::string>> ProductChoices(Device& device) {
  const CudaDevice* cuda = AsCuda(device);
  if (cuda == nullptr) return {};
  return cuda->GemmChoices();
}

}  // namespace basisbench
