// SPDX-License-Identifier: Apache-2.0
#include "workers/measure/gpu_energy.h"

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/measure/energy.h"
#include "workers/measure/timer.h"

namespace basisbench {

absl::StatusOr<GpuEnergyReading> ReadGpuEnergy(const GpuReadings& gpu) {
  GpuEnergyReading reading;
  reading.time_ns = SteadyNanoseconds();
  BB_ASSIGN_OR_RETURN(reading.millijoules, gpu.EnergyMillijoules());
  return reading;
}

absl::StatusOr<double> GpuJoules(const GpuEnergyReading& begin, const GpuEnergyReading& end) {
  BB_RETURN_IF_ERROR(CheckEnergyWindow(begin.time_ns, end.time_ns));
  if (end.millijoules > begin.millijoules) {
    return 1e-3 * static_cast<double>(end.millijoules - begin.millijoules);
  }
  return absl::FailedPreconditionError(
      absl::StrCat("not measured: the GPU's energy counter went from ", begin.millijoules, " to ",
                   end.millijoules, " mJ in ", SecondsBetween(begin.time_ns, end.time_ns), " s"));
}

}  // namespace basisbench
