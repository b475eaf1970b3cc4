// SPDX-License-Identifier: Apache-2.0
#include "workers/runner/rank_device.h"

#include "services/base/backends.h"
#include "services/base/status_macros.h"
#include "workers/devices/cpu/cpu_device.h"

namespace basisbench {

std::vector<std::string> BuiltBackends() {
  std::vector<std::string> backends = {kCpuMpi};
  for (std::string& backend : GpuBackends()) backends.push_back(std::move(backend));
  return backends;
}

absl::StatusOr<RankDevice> MakeRankDevice(const RankDeviceOptions& options, Communicator& control) {
  if (options.backend != kCpuMpi) return MakeGpuRankDevice(options, control);
  CpuOptions cpu;
  cpu.threads = options.threads;
  cpu.memory_limit = options.memory_bytes;
  RankDevice rank;
  BB_ASSIGN_OR_RETURN(rank.device, MakeCpuDevice(cpu));
  return rank;
}

}  // namespace basisbench
