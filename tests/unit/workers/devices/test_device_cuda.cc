// SPDX-License-Identifier: Apache-2.0
// The whole CUDA device around libraries in host memory and kernels on the processor.
#include "tests/fakes/fake_cuda.h"
#include "tests/unit/workers/devices/device_test_support.h"
#include "workers/devices/cuda/cuda_device.h"

namespace basisbench {

std::unique_ptr<Device> TestDevice(int64_t memory_limit) {
  static FakeCuda cuda;  // outlives every device
  auto device = MakeCudaDevice({.memory_limit = memory_limit, .time_gemms = false}, cuda.api());
  EXPECT_TRUE(device.ok()) << device.status();
  return device.ok() ? std::move(*device) : nullptr;
}

}  // namespace basisbench
