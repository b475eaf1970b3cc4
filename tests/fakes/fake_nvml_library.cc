// SPDX-License-Identifier: Apache-2.0
// A libnvidia-ml.so.1 with the GPUs that BASISBENCH_FAKE_GPUS lists by UUID, separated by commas,
// for real processes on machines that have none. A word "MIG-..." is an instance of the GPU in
// front of it. Each has 1 GiB, an instance a quarter.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

namespace {

constexpr int kSuccess = 0, kInvalidArgument = 2, kNotFound = 6;
constexpr unsigned long long kBytes = 1ull << 30;

struct Gpu {
  std::string uuid;
  std::vector<Gpu*> instances;
};
struct Memory {
  unsigned long long total, free, used;
};
struct Pci {
  char legacy_bus_id[16];
  unsigned domain, bus, device, device_id, subsystem_id;
  char bus_id[32];
};

// Of the process; filled by nvmlInit.
std::deque<Gpu> all;
std::vector<Gpu*> whole;

void Read(const char* list) {
  all.clear();
  whole.clear();
  std::string words = list == nullptr ? "" : list;
  while (!words.empty()) {
    const std::string word = words.substr(0, words.find(','));
    words.erase(0, word.size() + 1);
    all.push_back({word, {}});
    const bool instance = word.rfind("MIG-", 0) == 0 && !whole.empty();
    (instance ? whole.back()->instances : whole).push_back(&all.back());
  }
}

Gpu& Of(void* device) { return *static_cast<Gpu*>(device); }

int Text(const std::string& value, char* text, unsigned bytes) {
  std::snprintf(text, bytes, "%s", value.c_str());
  return kSuccess;
}

}  // namespace

extern "C" {

int nvmlInit_v2() {
  Read(std::getenv("BASISBENCH_FAKE_GPUS"));
  return kSuccess;
}
int nvmlShutdown() { return kSuccess; }
int nvmlSystemGetDriverVersion(char* text, unsigned bytes) { return Text("0.0", text, bytes); }
int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = static_cast<unsigned>(whole.size());
  return kSuccess;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  if (index >= whole.size()) return kInvalidArgument;
  *device = whole[index];
  return kSuccess;
}
int nvmlDeviceGetName(void*, char* text, unsigned bytes) { return Text("Fake GPU", text, bytes); }
int nvmlDeviceGetUUID(void* device, char* text, unsigned bytes) {
  return Text(Of(device).uuid, text, bytes);
}
int nvmlDeviceGetMemoryInfo(void* device, Memory* memory) {
  const bool instance = Of(device).uuid.rfind("MIG-", 0) == 0;
  *memory = {instance ? kBytes / 4 : kBytes, 0, 0};
  return kSuccess;
}
int nvmlDeviceGetPciInfo_v3(void*, Pci* pci) {
  *pci = {};
  return Text("0000:00:00.0", pci->legacy_bus_id, sizeof pci->legacy_bus_id);
}
int nvmlDeviceGetMigMode(void* device, unsigned* now, unsigned* next) {
  *now = *next = Of(device).instances.empty() ? 0 : 1;
  return kSuccess;
}
int nvmlDeviceGetMaxMigDeviceCount(void* device, unsigned* count) {
  *count = static_cast<unsigned>(Of(device).instances.size());
  return kSuccess;
}
int nvmlDeviceGetMigDeviceHandleByIndex(void* device, unsigned index, void** instance) {
  if (index >= Of(device).instances.size()) return kNotFound;
  *instance = Of(device).instances[index];
  return kSuccess;
}

}  // extern "C"
