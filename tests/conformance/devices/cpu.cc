// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/devices/conforming_device.h"
#include "workers/devices/cpu/cpu_device.h"

namespace basisbench {

absl::StatusOr<std::unique_ptr<Device>> MakeConformingDevice() {
  return MakeCpuDevice({.time_ffts = false});
}

}  // namespace basisbench
