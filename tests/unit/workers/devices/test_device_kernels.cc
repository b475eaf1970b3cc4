// SPDX-License-Identifier: Apache-2.0
#include "tests/fakes/host_kernel_device.h"
#include "tests/unit/workers/devices/device_test_support.h"

namespace basisbench {

std::unique_ptr<Device> TestDevice(int64_t memory_limit) {
  CpuOptions options;
  options.memory_limit = memory_limit;
  auto device = MakeCpuDevice(options);
  EXPECT_TRUE(device.ok()) << device.status();
  if (!device.ok()) return nullptr;
  return std::make_unique<HostKernelDevice>(std::move(*device));
}

}  // namespace basisbench
