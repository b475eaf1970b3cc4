// SPDX-License-Identifier: Apache-2.0
// NVML with the GPUs a test makes up. Every reading can be told to fail with a code. Thread-safe as
// long as the test changes nothing while another thread reads.
#pragma once

#include <atomic>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "workers/devices/nvml/nvml_api.h"

namespace basisbench {

struct FakeGpu {
  std::string name = "Test GPU";
  std::string uuid;
  unsigned long long memory_bytes = 1 << 30;
  std::string pci = "0000:3B:00.0";
  std::atomic<unsigned long long> millijoules{1000};
  unsigned long long millijoules_per_reading = 0;
  std::atomic<unsigned> sm_mhz{1500};
  std::atomic<unsigned long long> reasons{0};
  unsigned memory_mhz = 2600, celsius = 40, milliwatts = 250'000;
  int performance_state = 0;
  bool mig = false;
  std::vector<std::unique_ptr<FakeGpu>> instances;  // null: an empty place
  FakeGpu* whole = nullptr;                         // of an instance
};

class FakeNvml : public NvmlApi {
 public:
  std::vector<std::unique_ptr<FakeGpu>> gpus;
  std::map<std::string, int> fail;  // name of the call -> code
  std::atomic<int> readings{0};     // of clocks

  FakeGpu& Add(const std::string& uuid) {
    gpus.push_back(std::make_unique<FakeGpu>());
    gpus.back()->uuid = uuid;
    return *gpus.back();
  }
  static FakeGpu& AddInstance(FakeGpu& whole, const std::string& uuid) {
    whole.mig = true;
    whole.instances.push_back(std::make_unique<FakeGpu>());
    FakeGpu& instance = *whole.instances.back();
    instance.uuid = uuid, instance.whole = &whole;
    return instance;
  }

  int SystemGetDriverVersion(char* text, unsigned bytes) override {
    return Text("SystemGetDriverVersion", "580.01", text, bytes);
  }
  int DeviceGetCount(unsigned* count) override {
    *count = static_cast<unsigned>(gpus.size());
    return Code("DeviceGetCount");
  }
  int DeviceGetHandleByIndex(unsigned index, NvmlHandle* gpu) override {
    *gpu = gpus[index].get();
    return Code("DeviceGetHandleByIndex");
  }
  int DeviceGetHandleByUuid(const char* uuid, NvmlHandle* gpu) override {
    for (const auto& whole : gpus) {
      if (whole->uuid == uuid) *gpu = whole.get();
      for (const auto& instance : whole->instances) {
        if (instance && instance->uuid == uuid) *gpu = instance.get();
      }
    }
    return *gpu == nullptr ? kNvmlNotFound : Code("DeviceGetHandleByUuid");
  }
  int DeviceGetName(NvmlHandle gpu, char* text, unsigned bytes) override {
    return Text("DeviceGetName", Of(gpu).name, text, bytes);
  }
  int DeviceGetUuid(NvmlHandle gpu, char* text, unsigned bytes) override {
    return Text("DeviceGetUuid", Of(gpu).uuid, text, bytes);
  }
  int DeviceGetMemoryInfo(NvmlHandle gpu, NvmlMemory* memory) override {
    memory->total = Of(gpu).memory_bytes;
    return Code("DeviceGetMemoryInfo");
  }
  int DeviceGetPciInfo(NvmlHandle gpu, NvmlPci* pci) override {
    std::snprintf(pci->legacy_bus_id, sizeof pci->legacy_bus_id, "%s", Of(gpu).pci.c_str());
    return Code("DeviceGetPciInfo");
  }
  int DeviceGetMigMode(NvmlHandle gpu, unsigned* now, unsigned* next) override {
    *now = *next = Of(gpu).mig ? 1 : 0;
    return Code("DeviceGetMigMode");
  }
  int DeviceGetMaxMigDeviceCount(NvmlHandle gpu, unsigned* count) override {
    *count = static_cast<unsigned>(Of(gpu).instances.size());
    return Code("DeviceGetMaxMigDeviceCount");
  }
  int DeviceGetMigDeviceHandleByIndex(NvmlHandle gpu, unsigned index,
                                      NvmlHandle* instance) override {
    *instance = Of(gpu).instances[index].get();
    return *instance == nullptr ? kNvmlNotFound : Code("DeviceGetMigDeviceHandleByIndex");
  }
  int DeviceGetDeviceHandleFromMigDeviceHandle(NvmlHandle instance, NvmlHandle* gpu) override {
    *gpu = Of(instance).whole;
    return Code("DeviceGetDeviceHandleFromMigDeviceHandle");
  }
  int DeviceGetTotalEnergyConsumption(NvmlHandle gpu, unsigned long long* millijoules) override {
    *millijoules = Of(gpu).millijoules.fetch_add(Of(gpu).millijoules_per_reading);
    return Code("DeviceGetTotalEnergyConsumption");
  }
  int DeviceGetPowerUsage(NvmlHandle gpu, unsigned* milliwatts) override {
    *milliwatts = Of(gpu).milliwatts;
    return Code("DeviceGetPowerUsage");
  }
  int DeviceGetClockInfo(NvmlHandle gpu, int type, unsigned* mhz) override {
    ++readings;
    *mhz = type == kNvmlSmClock ? Of(gpu).sm_mhz.load() : Of(gpu).memory_mhz;
    return Code("DeviceGetClockInfo");
  }
  int DeviceGetTemperature(NvmlHandle gpu, unsigned* celsius) override {
    *celsius = Of(gpu).celsius;
    return Code("DeviceGetTemperature");
  }
  int DeviceGetPerformanceState(NvmlHandle gpu, int* state) override {
    *state = Of(gpu).performance_state;
    return Code("DeviceGetPerformanceState");
  }
  int DeviceGetCurrentClocksEventReasons(NvmlHandle gpu, unsigned long long* reasons) override {
    *reasons = Of(gpu).reasons;
    return Code("DeviceGetCurrentClocksEventReasons");
  }

 private:
  static FakeGpu& Of(NvmlHandle gpu) { return *static_cast<FakeGpu*>(gpu); }
  int Code(const std::string& call) const {
    const auto failing = fail.find(call);
    return failing == fail.end() ? kNvmlSuccess : failing->second;
  }
  int Text(const std::string& call, const std::string& value, char* text, unsigned bytes) const {
    std::snprintf(text, bytes, "%s", value.c_str());
    return Code(call);
  }
};

}  // namespace basisbench
