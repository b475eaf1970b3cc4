// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/nvml.h"

#include "workers/devices/nvml/gpu_list.h"

namespace basisbench {

std::vector<v1::GpuInfo> ReadGpus(std::string* note) {
  const auto nvml = LoadNvml();
  if (!nvml.ok()) {
    *note = std::string(nvml.status().message());
    return {};
  }
  return ReadGpus(**nvml, note);
}

std::vector<v1::GpuInfo> ReadGpus(NvmlApi& nvml, std::string* note) {
  const auto listed = ListGpus(nvml);
  if (!listed.ok()) *note = std::string(listed.status().message());
  if (listed.ok() && listed->empty()) *note = "the driver shows no GPU";
  std::vector<v1::GpuInfo> gpus;
  for (const ListedGpu& gpu : listed.ok() ? *listed : std::vector<ListedGpu>()) {
    gpus.emplace_back();
    gpus.back().set_index(gpu.index);
    gpus.back().set_name(gpu.name);
    gpus.back().set_uuid(gpu.uuid);
    gpus.back().set_memory_bytes(gpu.memory_bytes);
    gpus.back().set_pci_bus_id(gpu.pci_bus_id);
  }
  return gpus;
}

}  // namespace basisbench
