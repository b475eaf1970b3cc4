// SPDX-License-Identifier: Apache-2.0
// As deferred_kernels.cc, in memory that the processor may not touch but in calls of the device: a
// plan that reads or writes it otherwise ends the program, as it would on a GPU.
#include <utility>

#include "services/base/status_macros.h"
#include "tests/conformance/devices/conforming_device.h"
#include "tests/conformance/devices/moved_plan.h"
#include "tests/fakes/host_kernel_device.h"
#include "tests/fakes/sealed_device.h"
#include "workers/collectives/staged.h"

namespace basisbench {

absl::StatusOr<std::unique_ptr<Device>> MakeConformingDevice() {
  BB_ASSIGN_OR_RETURN(std::unique_ptr<Device> libraries, MakeCpuDevice({.time_ffts = false}));
  return std::make_unique<SealedDevice>(std::make_unique<HostKernelDevice>(std::move(libraries)));
}

// Transports would read memory by themselves: what they are to move is brought to them.
absl::StatusOr<std::shared_ptr<Communicator>> MakeConformingCommunicator(Device& device,
                                                                         Communicator& control) {
  BB_ASSIGN_OR_RETURN(std::unique_ptr<Communicator> transport, control.Split(0, control.rank()));
  return MakeStagedCommunicator(device, std::move(transport));
}

std::unique_ptr<Plan> InHostMemory(std::unique_ptr<Plan> plan, Device& device) {
  return std::make_unique<MovedPlan>(std::move(plan), device);
}

}  // namespace basisbench
