// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/workers/devices/device_test_support.h"
#include "workers/devices/cpu/cpu_device.h"

namespace basisbench {

std::unique_ptr<Device> TestDevice(int64_t memory_limit) {
  CpuOptions options;
  options.memory_limit = memory_limit;
  auto device = MakeCpuDevice(options);
  EXPECT_TRUE(device.ok()) << device.status();
  return device.ok() ? std::move(*device) : nullptr;
}

}  // namespace basisbench
