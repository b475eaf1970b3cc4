// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/gpu/energy_meter.h"

#include <cuda_runtime_api.h>

#include <chrono>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/devices/cuda/check.h"
#include "workers/measure/energy.h"

namespace basisbench {
namespace {

// As NVML writes it: "GPU-" and hexadecimal digits in groups of 8, 4, 4, 4 and 12.
std::string UuidOf(const cudaUUID_t& uuid) {
  const std::string digits = absl::BytesToHexString(absl::string_view(uuid.bytes, 16));
  return absl::StrCat("GPU-", digits.substr(0, 8), "-", digits.substr(8, 4), "-",
                      digits.substr(12, 4), "-", digits.substr(16, 4), "-", digits.substr(20));
}

}  // namespace

absl::StatusOr<EnergyMeter> EnergyMeter::Open() {
  cudaDeviceProp properties = {};
  BB_RETURN_IF_ERROR(CheckCuda(cudaGetDeviceProperties(&properties, 0), "cudaGetDeviceProperties"));
  BB_ASSIGN_OR_RETURN(std::unique_ptr<NvmlApi> nvml, LoadNvml());
  BB_ASSIGN_OR_RETURN(GpuReadings gpu, GpuReadings::Open(*nvml, UuidOf(properties.uuid)));
  BB_RETURN_IF_ERROR(gpu.EnergyMillijoules().status());
  return EnergyMeter(std::move(nvml), std::move(gpu));
}

absl::StatusOr<EnergyUse> EnergyMeter::Of(const TimedBody& body) const {
  using Clock = std::chrono::steady_clock;
  const double window = 1.25 * kShortestEnergyWindowSeconds;
  const int calls = static_cast<int>(std::ceil(window / body(1)));
  BB_ASSIGN_OR_RETURN(const int64_t begin, gpu_.EnergyMillijoules());
  const Clock::time_point started = Clock::now();
  const double seconds = body(calls);
  const std::chrono::duration<double> elapsed = Clock::now() - started;
  BB_ASSIGN_OR_RETURN(const int64_t end, gpu_.EnergyMillijoules());
  if (elapsed.count() < kShortestEnergyWindowSeconds || end <= begin) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the energy counter went from ", begin, " to ", end, " mJ in ", elapsed.count(), " s"));
  }
  EnergyUse use;
  use.watts = 1e-3 * static_cast<double>(end - begin) / elapsed.count();
  use.joules = use.watts * seconds;
  return use;
}

}  // namespace basisbench
