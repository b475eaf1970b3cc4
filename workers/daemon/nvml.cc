// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/nvml.h"

#include <dlfcn.h>

#include <memory>

#include "absl/strings/str_cat.h"

namespace basisbench {
namespace {

// From NVML's public interface: every call returns 0 on success; a device is an opaque pointer.
using Device = void*;
struct MemoryInfo {
  unsigned long long total;
  unsigned long long free;
  unsigned long long used;
};
using InitCall = int (*)();
using CountCall = int (*)(unsigned int*);
using HandleCall = int (*)(unsigned int, Device*);
using TextCall = int (*)(Device, char*, unsigned int);
using MemoryCall = int (*)(Device, MemoryInfo*);

constexpr unsigned int kTextBytes = 128;

template <typename Call>
Call Find(void* library, const char* name) {
  return reinterpret_cast<Call>(::dlsym(library, name));
}

struct Nvml {
  explicit Nvml(void* library)
      : init(Find<InitCall>(library, "nvmlInit_v2")),
        shutdown(Find<InitCall>(library, "nvmlShutdown")),
        count(Find<CountCall>(library, "nvmlDeviceGetCount_v2")),
        handle(Find<HandleCall>(library, "nvmlDeviceGetHandleByIndex_v2")),
        name(Find<TextCall>(library, "nvmlDeviceGetName")),
        uuid(Find<TextCall>(library, "nvmlDeviceGetUUID")),
        memory(Find<MemoryCall>(library, "nvmlDeviceGetMemoryInfo")) {}
  bool complete() const { return init && shutdown && count && handle && name && uuid && memory; }

  InitCall init;
  InitCall shutdown;
  CountCall count;
  HandleCall handle;
  TextCall name;
  TextCall uuid;
  MemoryCall memory;
};

std::vector<v1::GpuInfo> ReadDevices(const Nvml& nvml) {
  std::vector<v1::GpuInfo> gpus;
  unsigned int count = 0;
  nvml.count(&count);
  for (unsigned int index = 0; index < count; ++index) {
    Device device = nullptr;
    char text[kTextBytes] = "";
    MemoryInfo memory{};
    if (nvml.handle(index, &device) != 0) continue;
    v1::GpuInfo gpu;
    gpu.set_index(index);
    if (nvml.name(device, text, kTextBytes) == 0) gpu.set_name(text);
    if (nvml.uuid(device, text, kTextBytes) == 0) gpu.set_uuid(text);
    if (nvml.memory(device, &memory) == 0) gpu.set_memory_bytes(static_cast<int64_t>(memory.total));
    gpus.push_back(std::move(gpu));
  }
  return gpus;
}

}  // namespace

std::vector<v1::GpuInfo> ReadGpus(std::string* note) {
  const std::unique_ptr<void, int (*)(void*)> library(
      ::dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL), ::dlclose);
  if (library == nullptr) {
    *note = "libnvidia-ml.so.1 is not installed";
    return {};
  }
  const Nvml nvml(library.get());
  if (!nvml.complete()) {
    *note = "libnvidia-ml.so.1 lacks a function";
    return {};
  }
  if (const int code = nvml.init(); code != 0) {
    *note = absl::StrCat("nvmlInit returned ", code);
    return {};
  }
  std::vector<v1::GpuInfo> gpus = ReadDevices(nvml);
  nvml.shutdown();
  if (gpus.empty()) *note = "the driver shows no GPU";
  return gpus;
}

}  // namespace basisbench
