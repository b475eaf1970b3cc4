// SPDX-License-Identifier: Apache-2.0
// Joules of one GPU from its cumulative counter. What cannot be said is a status with the reason,
// never 0. Any thread.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "workers/devices/nvml/gpu_readings.h"

namespace basisbench {

struct GpuEnergyReading {
  int64_t time_ns = 0;
  int64_t millijoules = 0;
};

absl::StatusOr<GpuEnergyReading> ReadGpuEnergy(const GpuReadings& gpu);

// Between two readings. FAILED_PRECONDITION for a window shorter than kShortestEnergyWindowSeconds
// (the counter, too, moves about every 0.1 s), and for a counter that fell or stood still: its 64
// bits do not wrap within a machine's life, so it was reset, or does not count.
absl::StatusOr<double> GpuJoules(const GpuEnergyReading& begin, const GpuEnergyReading& end);

}  // namespace basisbench
