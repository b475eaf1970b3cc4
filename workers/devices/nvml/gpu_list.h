// SPDX-License-Identifier: Apache-2.0
// The GPUs of a node that a process can compute on. Of a GPU in MIG mode these are its instances,
// and not the whole.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "workers/devices/nvml/nvml_api.h"

namespace basisbench {

struct ListedGpu {
  unsigned index = 0;  // NVML's; of an instance that of the GPU it is a part of
  std::string name;
  std::string uuid;  // "GPU-..." or "MIG-..."
  int64_t memory_bytes = 0;
  std::string pci_bus_id;  // "0000:3b:00.0"; empty when unknown
};

// In NVML's order; leaves out a GPU that has no name, UUID or memory to tell, as one that is lost.
// The library's failure when it cannot count them.
absl::StatusOr<std::vector<ListedGpu>> ListGpus(NvmlApi& nvml);

}  // namespace basisbench
