// SPDX-License-Identifier: Apache-2.0
#include "workers/devices/nvml/gpu_readings.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"

namespace basisbench {
namespace {

constexpr int kUnknownPerformanceState = 32;

struct ClockReason {
  uint64_t bit;
  const char* name;
};
// As in NVML's public interface.
constexpr ClockReason kClockReasons[] = {
    {0x1, "gpu_idle"},    {0x2, "clocks_setting"},  {0x4, "sw_power_cap"},
    {0x8, "hw_slowdown"}, {0x10, "sync_boost"},     {0x20, "sw_thermal_slowdown"},
    {0x40, "hw_thermal"}, {0x80, "hw_power_brake"}, {0x100, "display_clock_setting"},
};

}  // namespace

absl::StatusOr<GpuReadings> GpuReadings::Open(NvmlApi& nvml, const std::string& uuid) {
  GpuReadings readings(nvml, uuid);
  NvmlHandle handle = nullptr;
  BB_RETURN_IF_ERROR(CheckNvml(nvml.DeviceGetHandleByUuid(uuid.c_str(), &handle),
                               absl::StrCat("nvmlDeviceGetHandleByUUID(", uuid, ")")));
  readings.gpu_ = handle;
  readings.is_instance_ = absl::StartsWith(uuid, "MIG-");
  if (readings.is_instance_) {
    BB_RETURN_IF_ERROR(
        CheckNvml(nvml.DeviceGetDeviceHandleFromMigDeviceHandle(handle, &readings.gpu_),
                  "nvmlDeviceGetDeviceHandleFromMigDeviceHandle"));
  }
  char text[kNvmlTextBytes] = "";
  BB_RETURN_IF_ERROR(
      CheckNvml(nvml.DeviceGetName(handle, text, kNvmlTextBytes), "nvmlDeviceGetName"));
  readings.name_ = text;
  return readings;
}

absl::StatusOr<std::string> GpuReadings::DriverVersion() const {
  char text[kNvmlTextBytes] = "";
  BB_RETURN_IF_ERROR(
      CheckNvml(nvml_->SystemGetDriverVersion(text, kNvmlTextBytes), "nvmlSystemGetDriverVersion"));
  return std::string(text);
}

absl::StatusOr<int64_t> GpuReadings::EnergyMillijoules() const {
  if (is_instance_) {
    return absl::UnimplementedError(
        absl::StrCat(uuid_, " is a MIG instance, which has no energy counter of its own"));
  }
  unsigned long long millijoules = 0;
  BB_RETURN_IF_ERROR(CheckNvml(nvml_->DeviceGetTotalEnergyConsumption(gpu_, &millijoules),
                               "nvmlDeviceGetTotalEnergyConsumption"));
  return static_cast<int64_t>(millijoules);
}

absl::StatusOr<double> GpuReadings::PowerWatts() const {
  unsigned milliwatts = 0;
  BB_RETURN_IF_ERROR(
      CheckNvml(nvml_->DeviceGetPowerUsage(gpu_, &milliwatts), "nvmlDeviceGetPowerUsage"));
  return 1e-3 * milliwatts;
}

absl::StatusOr<double> GpuReadings::Clock(int type) const {
  unsigned mhz = 0;
  BB_RETURN_IF_ERROR(
      CheckNvml(nvml_->DeviceGetClockInfo(gpu_, type, &mhz), "nvmlDeviceGetClockInfo"));
  return mhz;
}
absl::StatusOr<double> GpuReadings::SmClockMhz() const { return Clock(kNvmlSmClock); }
absl::StatusOr<double> GpuReadings::MemoryClockMhz() const { return Clock(kNvmlMemoryClock); }

absl::StatusOr<double> GpuReadings::TemperatureCelsius() const {
  unsigned celsius = 0;
  BB_RETURN_IF_ERROR(
      CheckNvml(nvml_->DeviceGetTemperature(gpu_, &celsius), "nvmlDeviceGetTemperature"));
  return celsius;
}

absl::StatusOr<int> GpuReadings::PerformanceState() const {
  int state = 0;
  BB_RETURN_IF_ERROR(
      CheckNvml(nvml_->DeviceGetPerformanceState(gpu_, &state), "nvmlDeviceGetPerformanceState"));
  if (state < kUnknownPerformanceState) return state;
  return absl::UnavailableError("nvmlDeviceGetPerformanceState knows no state");
}

absl::StatusOr<uint64_t> GpuReadings::ClockReasons() const {
  unsigned long long reasons = 0;
  BB_RETURN_IF_ERROR(CheckNvml(nvml_->DeviceGetCurrentClocksEventReasons(gpu_, &reasons),
                               "nvmlDeviceGetCurrentClocksEventReasons"));
  return reasons;
}

std::vector<std::string> ClockReasonNames(uint64_t reasons) {
  std::vector<std::string> names;
  for (const auto& [bit, name] : kClockReasons) {
    if ((reasons & bit) != 0) names.emplace_back(name);
    reasons &= ~bit;
  }
  if (reasons != 0) names.push_back(absl::StrCat("reason 0x", absl::Hex(reasons)));
  return names;
}

}  // namespace basisbench
