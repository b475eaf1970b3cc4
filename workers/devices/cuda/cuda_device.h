// SPDX-License-Identifier: Apache-2.0
// A GPU as a device: cuBLASLt, cuFFT and own kernels on one stream. Every primitive returns once
// its work is on the stream. Belongs to the thread that made it, whose current device it stays.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "workers/devices/cuda/api.h"
#include "workers/devices/cuda/kernels/kernel_device.h"
#include "workers/devices/device.h"

namespace basisbench {

struct CudaOptions {
  int index = 0;             // among the GPUs this process may see
  int64_t memory_limit = 0;  // bytes; 0: none
  bool time_gemms = true;    // choose among GEMM algorithms by timing them once per shape
};

// What a GPU has beyond device.h.
class CudaDevice : public KernelDevice {
 public:
  virtual const CudaApi& api() const = 0;
  // Everything is on it: an event recorded there is reached when all before it is done.
  virtual cudaStream_t stream() const = 0;
  // For the record: every product so far and the algorithm it was given; see CudaGemm::Choices.
  virtual std::vector<std::pair<std::string, std::string>> GemmChoices() const = 0;
};

// Null for other devices.
inline CudaDevice* AsCuda(Device& device) { return dynamic_cast<CudaDevice*>(&device); }

// UNAVAILABLE when no GPU is visible, INVALID_ARGUMENT for an index beyond the last, and
// FAILED_PRECONDITION for a GPU older than the kernels are built for.
absl::StatusOr<std::unique_ptr<Device>> MakeCudaDevice(const CudaOptions& options);

// With the given libraries, which outlive the device.
absl::StatusOr<std::unique_ptr<Device>> MakeCudaDevice(const CudaOptions& options,
                                                       const CudaApi& api);

}  // namespace basisbench
