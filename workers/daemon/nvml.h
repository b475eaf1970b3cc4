// SPDX-License-Identifier: Apache-2.0
// GPUs of the node, by NVIDIA's management library. It is loaded at run time, so machines without
// it need nothing; its functions are declared here, because its header is not packaged. Called once
// at start.
#pragma once

#include <string>
#include <vector>

#include "basisbench/v1/worker.pb.h"

namespace basisbench {

// Empty where the library, the driver or a GPU is missing; `note` then says which.
std::vector<v1::GpuInfo> ReadGpus(std::string* note);

}  // namespace basisbench
