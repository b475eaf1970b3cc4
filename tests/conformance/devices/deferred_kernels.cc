// SPDX-License-Identifier: Apache-2.0
// The kernels of GPUs on the processor, and none of them before its plan waits for it: what a GPU
// needs of the plans, on a machine without one.
#include "services/base/status_macros.h"
#include "tests/conformance/devices/conforming_device.h"
#include "tests/fakes/deferred_device.h"
#include "tests/fakes/host_kernel_device.h"

namespace basisbench {

absl::StatusOr<std::unique_ptr<Device>> MakeConformingDevice() {
  BB_ASSIGN_OR_RETURN(std::unique_ptr<Device> libraries, MakeCpuDevice({.time_ffts = false}));
  return std::make_unique<DeferredDevice>(std::make_unique<HostKernelDevice>(std::move(libraries)));
}

}  // namespace basisbench
