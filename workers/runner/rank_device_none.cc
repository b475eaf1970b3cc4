// SPDX-License-Identifier: Apache-2.0
#include "absl/strings/str_cat.h"
#include "workers/runner/rank_device.h"

namespace basisbench {

std::vector<std::string> GpuBackends() { return {}; }

absl::StatusOr<RankDevice> MakeGpuRankDevice(const RankDeviceOptions& options, Communicator&) {
  return absl::UnimplementedError(
      absl::StrCat("backend '", options.backend,
                   "': this program was built without CUDA; configure with -DBASISBENCH_CUDA=ON"));
}

}  // namespace basisbench
