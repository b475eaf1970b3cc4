// SPDX-License-Identifier: Apache-2.0
// What one GPU tells about itself while it works. Of a MIG instance, clocks, temperature and power
// are those of the GPU it is a part of; energy is not told, since the counter adds up what all
// instances take. What cannot be read is a status with the reason, never 0. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "workers/devices/nvml/nvml_api.h"

namespace basisbench {

class GpuReadings {
 public:
  // `uuid` as in the inventory. NOT_FOUND and the like when there is no such GPU; `nvml` outlives
  // the object.
  static absl::StatusOr<GpuReadings> Open(NvmlApi& nvml, const std::string& uuid);

  const std::string& uuid() const { return uuid_; }
  const std::string& name() const { return name_; }
  absl::StatusOr<std::string> DriverVersion() const;

  // Since the driver was loaded; moves about every 0.1 s.
  absl::StatusOr<int64_t> EnergyMillijoules() const;
  absl::StatusOr<double> PowerWatts() const;
  absl::StatusOr<double> SmClockMhz() const;
  absl::StatusOr<double> MemoryClockMhz() const;
  absl::StatusOr<double> TemperatureCelsius() const;
  // 0 is the fastest.
  absl::StatusOr<int> PerformanceState() const;
  // What holds the clocks down now, as bits (ClockReasonNames).
  absl::StatusOr<uint64_t> ClockReasons() const;

 private:
  GpuReadings(NvmlApi& nvml, std::string uuid) : nvml_(&nvml), uuid_(std::move(uuid)) {}
  absl::StatusOr<double> Clock(int type) const;

  NvmlApi* nvml_;
  std::string uuid_;
  std::string name_;
  NvmlHandle gpu_ = nullptr;  // the whole one
  bool is_instance_ = false;
};

// Reasons in which the clocks are below what was asked for: power and heat, and not idling or a
// setting.
inline constexpr uint64_t kThrottleReasons = 0x4 | 0x8 | 0x20 | 0x40 | 0x80;

// "sw_power_cap", ...; an unknown bit as "reason 0x400".
std::vector<std::string> ClockReasonNames(uint64_t reasons);

}  // namespace basisbench
