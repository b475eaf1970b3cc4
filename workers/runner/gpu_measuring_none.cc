// SPDX-License-Identifier: Apache-2.0
#include "workers/runner/gpu_measuring.h"

namespace basisbench {

absl::StatusOr<std::unique_ptr<GpuMeasuring>> MakeGpuMeasuring(Device&, const std::string&) {
  return absl::UnimplementedError("this runner was built without CUDA");
}

std::vector<std::pair<std::string, std::string>> ProductChoices(Device&) { return {}; }

}  // namespace basisbench
