// SPDX-License-Identifier: Apache-2.0
#include "workers/devices/cuda/kernels/quantise.h"

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/devices/cuda/kernels/kernel_device.h"
#include "workers/devices/cuda/kernels/kernels.h"

namespace basisbench {

absl::Status QuantiseToE4m3(Device& device, const QuantiseArgs& args) {
  auto* gpu = dynamic_cast<KernelDevice*>(&device);
  if (gpu == nullptr)
    return absl::UnimplementedError(absl::StrCat("device ", device.name(), " has no fp8"));
  BB_ASSIGN_OR_RETURN(const kernels::Queue queue, gpu->Ready());
  return kernels::RunQuantise(queue, args);
}

}  // namespace basisbench
