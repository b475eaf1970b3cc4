// SPDX-License-Identifier: Apache-2.0
// What a call of a body takes in energy, by the GPU's own counter: of the whole GPU, what it takes
// idle included. One thread.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "tests/bench/paired.h"
#include "workers/devices/nvml/gpu_readings.h"

namespace basisbench {

struct EnergyUse {
  double joules = 0;  // a call
  double watts = 0;
};

class EnergyMeter {
 public:
  // Of the first GPU this process may see; the reason where its counter cannot be read.
  static absl::StatusOr<EnergyMeter> Open();

  // Repeats the body until the counter has moved often enough.
  absl::StatusOr<EnergyUse> Of(const TimedBody& body) const;

 private:
  EnergyMeter(std::unique_ptr<NvmlApi> nvml, GpuReadings gpu)
      : nvml_(std::move(nvml)), gpu_(std::move(gpu)) {}

  std::unique_ptr<NvmlApi> nvml_;
  GpuReadings gpu_;
};

}  // namespace basisbench
