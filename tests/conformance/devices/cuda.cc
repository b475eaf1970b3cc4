// SPDX-License-Identifier: Apache-2.0
// GPUs. A rank alone, or processes with a GPU for each, talk through NCCL; ranks that share one,
// through the tests' own communicator on copies in host memory.
#include <algorithm>
#include <cstdlib>

#include "absl/strings/numbers.h"
#include "services/base/status_macros.h"
#include "tests/conformance/devices/conforming_device.h"
#include "tests/conformance/devices/moved_plan.h"
#include "workers/collectives/nccl/nccl.h"
#include "workers/collectives/staged.h"
#include "workers/devices/cuda/cuda_device.h"
#include "workers/devices/cuda/pinned.h"

namespace basisbench {

namespace {

// What mpirun says of this process and its node; a process alone is the first of one.
int FromMpirun(const char* variable, int alone) {
  const char* text = std::getenv(variable);
  int value = alone;
  return text != nullptr && absl::SimpleAtoi(text, &value) ? value : alone;
}

int GpusHere() {
  int count = 0;
  return RealCudaApi().runtime->GetDeviceCount(&count) == cudaSuccess ? count : 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Device>> MakeConformingDevice() {
  const int rank = FromMpirun("OMPI_COMM_WORLD_LOCAL_RANK", 0);
  return MakeCudaDevice({.index = rank % std::max(1, GpusHere()), .time_gemms = false});
}

absl::StatusOr<std::shared_ptr<Communicator>> MakeConformingCommunicator(Device& device,
                                                                         Communicator& control) {
  const int ranks_here = FromMpirun("OMPI_COMM_WORLD_LOCAL_SIZE", control.size());
  const bool are_threads = control.backend() != "mpi" && control.size() > 1;
  if (are_threads || ranks_here > GpusHere()) {
    BB_ASSIGN_OR_RETURN(std::unique_ptr<Communicator> transport, control.Split(0, control.rank()));
    return MakeStagedCommunicator(device, std::move(transport),
                                  [](int64_t bytes) { return AllocatePinned(bytes); });
  }
  // One for all cases, as starting NCCL takes longer than a case.
  static auto& world = *new std::shared_ptr<Communicator>;
  if (world == nullptr) {
    const NcclWorld place{.rank = control.rank(), .size = control.size()};
    BB_ASSIGN_OR_RETURN(world, MakeNcclCommunicator(place, BootstrapOver(control)));
  }
  return world;
}

std::unique_ptr<Plan> InHostMemory(std::unique_ptr<Plan> plan, Device& device) {
  return std::make_unique<MovedPlan>(std::move(plan), device);
}

}  // namespace basisbench
