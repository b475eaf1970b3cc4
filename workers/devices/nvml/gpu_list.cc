// SPDX-License-Identifier: Apache-2.0
#include "workers/devices/nvml/gpu_list.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "services/base/status_macros.h"

namespace basisbench {
namespace {

// False when what a rank needs to know cannot be read.
bool Describe(NvmlApi& nvml, NvmlHandle handle, ListedGpu* gpu) {
  char text[kNvmlTextBytes] = "";
  NvmlMemory memory;
  if (nvml.DeviceGetName(handle, text, kNvmlTextBytes) != kNvmlSuccess) return false;
  gpu->name = text;
  if (nvml.DeviceGetUuid(handle, text, kNvmlTextBytes) != kNvmlSuccess) return false;
  gpu->uuid = text;
  if (nvml.DeviceGetMemoryInfo(handle, &memory) != kNvmlSuccess) return false;
  gpu->memory_bytes = static_cast<int64_t>(memory.total);
  return true;
}

// NVML writes capitals, the kernel does not.
std::string PciBusId(NvmlApi& nvml, NvmlHandle handle) {
  NvmlPci pci;
  if (nvml.DeviceGetPciInfo(handle, &pci) != kNvmlSuccess) return "";
  return absl::AsciiStrToLower(pci.legacy_bus_id);
}

bool IsDivided(NvmlApi& nvml, NvmlHandle handle) {
  unsigned now = 0, next = 0;
  return nvml.DeviceGetMigMode(handle, &now, &next) == kNvmlSuccess && now != 0;
}

// Places of instances may be empty anywhere.
std::vector<NvmlHandle> InstancesOf(NvmlApi& nvml, NvmlHandle handle) {
  std::vector<NvmlHandle> instances;
  unsigned most = 0;
  if (nvml.DeviceGetMaxMigDeviceCount(handle, &most) != kNvmlSuccess) return instances;
  for (unsigned i = 0; i < most; ++i) {
    NvmlHandle instance = nullptr;
    if (nvml.DeviceGetMigDeviceHandleByIndex(handle, i, &instance) == kNvmlSuccess) {
      instances.push_back(instance);
    }
  }
  return instances;
}

}  // namespace

absl::StatusOr<std::vector<ListedGpu>> ListGpus(NvmlApi& nvml) {
  unsigned count = 0;
  BB_RETURN_IF_ERROR(CheckNvml(nvml.DeviceGetCount(&count), "nvmlDeviceGetCount"));
  std::vector<ListedGpu> gpus;
  for (unsigned index = 0; index < count; ++index) {
    NvmlHandle whole = nullptr;
    if (nvml.DeviceGetHandleByIndex(index, &whole) != kNvmlSuccess) continue;
    std::vector<NvmlHandle> parts = {whole};
    if (IsDivided(nvml, whole)) parts = InstancesOf(nvml, whole);
    for (NvmlHandle part : parts) {
      ListedGpu gpu;
      gpu.index = index;
      gpu.pci_bus_id = PciBusId(nvml, whole);
      if (Describe(nvml, part, &gpu)) gpus.push_back(std::move(gpu));
    }
  }
  return gpus;
}

}  // namespace basisbench
