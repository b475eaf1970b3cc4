// SPDX-License-Identifier: Apache-2.0
#include "workers/runner/gpu_measuring.h"

#include <utility>

namespace basisbench {
namespace {

// A few calls each time: seldom enough not to be felt, often enough for a case of some seconds.
constexpr absl::Duration kWatchEvery = absl::Milliseconds(200);

v1::Measured MeasuredOf(const absl::StatusOr<double>& value) {
  v1::Measured measured;
  if (value.ok()) {
    measured.set_value(*value);
  } else {
    measured.set_note(std::string(value.status().message()));
  }
  return measured;
}

absl::StatusOr<double> Temperature(const GpuMeasuring& gpu) {
  if (!gpu.readings.ok()) return gpu.readings.status();
  return gpu.readings->TemperatureCelsius();
}

v1::Observed ObservedOf(const GpuSpread& spread) {
  v1::Observed observed;
  if (spread.count == 0) {
    observed.set_note(std::string(spread.missing.message()));
    return observed;
  }
  observed.set_min(spread.min);
  observed.set_mean(spread.mean());
  observed.set_max(spread.max);
  return observed;
}

// What the sampler saw; without one, everything is missing for the reason there was none.
GpuWatch TakeWatch(GpuMeasuring& gpu) {
  GpuWatch watch;
  if (gpu.sampler) {
    watch = gpu.sampler->End();
    gpu.sampler.reset();
    return watch;
  }
  watch.reasons_missing = gpu.readings.status();
  for (GpuSpread* spread :
       {&watch.sm_mhz, &watch.memory_mhz, &watch.watts, &watch.performance_state}) {
    spread->missing = gpu.readings.status();
  }
  return watch;
}

}  // namespace

void OpenReadings(absl::StatusOr<std::unique_ptr<NvmlApi>> nvml, GpuMeasuring* gpu) {
  if (!nvml.ok()) {
    gpu->readings = nvml.status();
    return;
  }
  gpu->nvml = *std::move(nvml);
  gpu->readings = GpuReadings::Open(*gpu->nvml, gpu->uuid);
}

v1::GpuConditions DescribeGpu(const GpuMeasuring& gpu) {
  v1::GpuConditions conditions;
  conditions.set_uuid(gpu.uuid);
  conditions.set_cache_bytes(gpu.cache_bytes);
  if (!gpu.readings.ok()) return conditions;
  conditions.set_model(gpu.readings->name());
  conditions.set_driver(gpu.readings->DriverVersion().value_or(""));
  return conditions;
}

void BeginWatching(GpuMeasuring& gpu) {
  gpu.conditions = DescribeGpu(gpu);
  *gpu.conditions.mutable_temperature_start_celsius() = MeasuredOf(Temperature(gpu));
  if (gpu.readings.ok()) gpu.sampler.emplace(*gpu.readings, kWatchEvery);
}

v1::GpuConditions EndWatching(GpuMeasuring& gpu) {
  v1::GpuConditions conditions = gpu.conditions;
  const GpuWatch watch = TakeWatch(gpu);
  *conditions.mutable_temperature_end_celsius() = MeasuredOf(Temperature(gpu));
  conditions.set_readings(static_cast<uint32_t>(watch.readings));
  *conditions.mutable_sm_clock_mhz() = ObservedOf(watch.sm_mhz);
  *conditions.mutable_memory_clock_mhz() = ObservedOf(watch.memory_mhz);
  *conditions.mutable_power_watts() = ObservedOf(watch.watts);
  *conditions.mutable_performance_state() = ObservedOf(watch.performance_state);
  if (watch.reason_readings == 0) {
    conditions.mutable_throttled_share()->set_note(std::string(watch.reasons_missing.message()));
    return conditions;
  }
  const auto total = static_cast<double>(watch.reason_readings);
  conditions.mutable_throttled_share()->set_value(static_cast<double>(watch.throttled) / total);
  for (const auto& [name, count] : watch.reasons) {
    v1::ClockReason* reason = conditions.add_clock_reasons();
    reason->set_name(name);
    reason->set_share(static_cast<double>(count) / total);
  }
  return conditions;
}

}  // namespace basisbench
