// SPDX-License-Identifier: Apache-2.0
// GPUs of the node for the inventory, by NVIDIA's management library. Called once at start.
#pragma once

#include <string>
#include <vector>

#include "basisbench/v1/worker.pb.h"
#include "workers/devices/nvml/nvml_api.h"

namespace basisbench {

// Empty where the library, the driver or a GPU is missing; `note` then says which.
std::vector<v1::GpuInfo> ReadGpus(std::string* note);

// With the given library.
std::vector<v1::GpuInfo> ReadGpus(NvmlApi& nvml, std::string* note);

}  // namespace basisbench
