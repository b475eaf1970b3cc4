// SPDX-License-Identifier: Apache-2.0
// GPUs. A rank alone, or processes with a GPU for each, talk through NCCL.
#include <algorithm>
#include <cstdlib>

#include "absl/strings/numbers.h"
#include "services/base/status_macros.h"
#include "tests/conformance/devices/conforming_device.h"
#include "tests/conformance/devices/moved_plan.h"
#include "workers/collectives/nccl/nccl.h"
#include "workers/devices/cuda/cuda_device.h"

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

absl::StatusOr<std::shared_ptr<Communicator>> MakeConformingCommunicator(Device&,
                                                                         Communicator& control) {
  const int ranks_here = FromMpirun("OMPI_COMM_WORLD_LOCAL_SIZE", control.size());
  const bool are_threads = control.backend() != "mpi" && control.size() > 1;
  if (are_threads || ranks_here > GpusHere()) {
    return absl::UnimplementedError("NCCL wants a process and a GPU for each rank");
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
