// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/backends.h"
#include "services/base/status_macros.h"
#include "workers/collectives/nccl/nccl.h"
#include "workers/collectives/staged.h"
#include "workers/devices/cuda/cuda_device.h"
#include "workers/devices/cuda/pinned.h"
#include "workers/runner/control.h"
#include "workers/runner/rank_device.h"

namespace basisbench {
namespace {

absl::StatusOr<std::unique_ptr<Device>> MakeDevice(const RankDeviceOptions& options) {
  if (options.gpu.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("backend '", options.backend,
                     "': this rank was given no GPU; workers offer them with", " --device cuda"));
  }
  // The runtime looks at it when it is first called.
  setenv("CUDA_VISIBLE_DEVICES", options.gpu.c_str(), 1);
  CudaOptions cuda;
  cuda.memory_limit = options.memory_bytes;
  return MakeCudaDevice(cuda);
}

absl::StatusOr<std::unique_ptr<Communicator>> MakeWorld(const RankDeviceOptions& options,
                                                        Device& device, Communicator& control) {
  if (options.backend == kCudaNccl) {
    return MakeNcclCommunicator({control.rank(), control.size(), options.deadline},
                                BootstrapOver(control));
  }
  BB_ASSIGN_OR_RETURN(std::unique_ptr<Communicator> transport, control.Split(0, control.rank()));
  return MakeStagedCommunicator(device, std::move(transport),
                                [](int64_t bytes) { return AllocatePinned(bytes); });
}

}  // namespace

std::vector<std::string> GpuBackends() { return {kCudaNccl, kCudaMpi}; }

absl::StatusOr<RankDevice> MakeGpuRankDevice(const RankDeviceOptions& options,
                                             Communicator& control) {
  if (options.backend != kCudaNccl && options.backend != kCudaMpi) {
    return absl::InvalidArgumentError(absl::StrCat("no backend '", options.backend, "'; there are ",
                                                   kCpuMpi, ", ", kCudaNccl, " and ", kCudaMpi));
  }
  auto device = MakeDevice(options);
  // A rank without a GPU must not leave the others waiting for it.
  BB_ASSIGN_OR_RETURN(const Agreement agreed, Agree(control, device.status()));
  BB_RETURN_IF_ERROR(agreed.verdict);
  RankDevice rank;
  rank.device = *std::move(device);
  BB_ASSIGN_OR_RETURN(rank.world, MakeWorld(options, *rank.device, control));
  return rank;
}

}  // namespace basisbench
