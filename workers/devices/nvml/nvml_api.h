// SPDX-License-Identifier: Apache-2.0
// What is used of NVIDIA's management library, as an object, so that what is above it can be tested
// without a GPU. Methods have the names, arguments and results of the functions they stand for.
// The library is loaded at run time and its functions are declared here, because its header is not
// packaged: machines without a driver need nothing. Any thread.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace basisbench {

using NvmlHandle = void*;  // of a GPU or a MIG instance

// Codes that mean something to us.
inline constexpr int kNvmlSuccess = 0;
inline constexpr int kNvmlNotSupported = 3;
inline constexpr int kNvmlNoPermission = 4;
inline constexpr int kNvmlNotFound = 6;
inline constexpr int kNvmlFunctionNotFound = 13;

inline constexpr int kNvmlSmClock = 1;
inline constexpr int kNvmlMemoryClock = 2;
inline constexpr unsigned kNvmlTextBytes = 96;

// Laid out as the library's structures.
struct NvmlMemory {
  unsigned long long total = 0, free = 0, used = 0;
};
struct NvmlPci {
  char legacy_bus_id[16] = "";
  unsigned domain = 0, bus = 0, device = 0, device_id = 0, subsystem_id = 0;
  char bus_id[32] = "";
};

class NvmlApi {
 public:
  virtual ~NvmlApi() = default;
  [[nodiscard]] virtual int SystemGetDriverVersion(char* text, unsigned bytes) = 0;
  [[nodiscard]] virtual int DeviceGetCount(unsigned* count) = 0;
  [[nodiscard]] virtual int DeviceGetHandleByIndex(unsigned index, NvmlHandle* gpu) = 0;
  [[nodiscard]] virtual int DeviceGetHandleByUuid(const char* uuid, NvmlHandle* gpu) = 0;
  [[nodiscard]] virtual int DeviceGetName(NvmlHandle gpu, char* text, unsigned bytes) = 0;
  [[nodiscard]] virtual int DeviceGetUuid(NvmlHandle gpu, char* text, unsigned bytes) = 0;
  [[nodiscard]] virtual int DeviceGetMemoryInfo(NvmlHandle gpu, NvmlMemory* memory) = 0;
  [[nodiscard]] virtual int DeviceGetPciInfo(NvmlHandle gpu, NvmlPci* pci) = 0;

  [[nodiscard]] virtual int DeviceGetMigMode(NvmlHandle gpu, unsigned* now, unsigned* next) = 0;
  [[nodiscard]] virtual int DeviceGetMaxMigDeviceCount(NvmlHandle gpu, unsigned* count) = 0;
  [[nodiscard]] virtual int DeviceGetMigDeviceHandleByIndex(NvmlHandle gpu, unsigned index,
                                                            NvmlHandle* instance) = 0;
  [[nodiscard]] virtual int DeviceGetDeviceHandleFromMigDeviceHandle(NvmlHandle instance,
                                                                     NvmlHandle* gpu) = 0;

  [[nodiscard]] virtual int DeviceGetTotalEnergyConsumption(NvmlHandle gpu,
                                                            unsigned long long* millijoules) = 0;
  [[nodiscard]] virtual int DeviceGetPowerUsage(NvmlHandle gpu, unsigned* milliwatts) = 0;
  [[nodiscard]] virtual int DeviceGetClockInfo(NvmlHandle gpu, int type, unsigned* mhz) = 0;
  [[nodiscard]] virtual int DeviceGetTemperature(NvmlHandle gpu, unsigned* celsius) = 0;
  [[nodiscard]] virtual int DeviceGetPerformanceState(NvmlHandle gpu, int* state) = 0;
  [[nodiscard]] virtual int DeviceGetCurrentClocksEventReasons(NvmlHandle gpu,
                                                               unsigned long long* reasons) = 0;
};

// Initialised; shut down and unloaded with the object. UNAVAILABLE saying whether the library, the
// driver or the permission is missing.
absl::StatusOr<std::unique_ptr<NvmlApi>> LoadNvml();

// What the library answers, as a status that names the call, the code and its meaning:
// UNIMPLEMENTED for what the GPU or the driver does not have, PERMISSION_DENIED, NOT_FOUND,
// everything else UNAVAILABLE.
absl::Status CheckNvml(int code, absl::string_view call);

}  // namespace basisbench
