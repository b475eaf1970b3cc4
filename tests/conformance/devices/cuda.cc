// SPDX-License-Identifier: Apache-2.0
// A GPU. One rank is a world of NCCL; several share the GPU, which NCCL does not allow.
#include "services/base/status_macros.h"
#include "tests/conformance/devices/conforming_device.h"
#include "tests/conformance/devices/moved_plan.h"
#include "workers/collectives/nccl/nccl.h"
#include "workers/devices/cuda/cuda_device.h"

namespace basisbench {

absl::StatusOr<std::unique_ptr<Device>> MakeConformingDevice() {
  return MakeCudaDevice({.time_gemms = false});
}

absl::StatusOr<std::shared_ptr<Communicator>> MakeConformingCommunicator(Device&,
                                                                         Communicator& control) {
  if (control.size() > 1) {
    return absl::UnimplementedError("ranks that share a GPU have no communicator here");
  }
  // One for all cases, as starting NCCL takes longer than a case.
  static auto& alone = *new std::shared_ptr<Communicator>;
  if (alone == nullptr) {
    BB_ASSIGN_OR_RETURN(alone, MakeNcclCommunicator({}, BootstrapOver(control)));
  }
  return alone;
}

std::unique_ptr<Plan> InHostMemory(std::unique_ptr<Plan> plan, Device& device) {
  return std::make_unique<MovedPlan>(std::move(plan), device);
}

}  // namespace basisbench
