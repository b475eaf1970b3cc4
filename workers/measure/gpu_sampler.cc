// SPDX-License-Identifier: Apache-2.0
#include "workers/measure/gpu_sampler.h"

#include <algorithm>

namespace basisbench {

void GpuSpread::Add(const absl::StatusOr<double>& value) {
  if (!value.ok()) {
    missing = value.status();
    return;
  }
  min = count == 0 ? *value : std::min(min, *value);
  max = count == 0 ? *value : std::max(max, *value);
  sum += *value;
  ++count;
}

void AddReading(const GpuReadings& gpu, GpuWatch* watch) {
  ++watch->readings;
  watch->sm_mhz.Add(gpu.SmClockMhz());
  watch->memory_mhz.Add(gpu.MemoryClockMhz());
  watch->watts.Add(gpu.PowerWatts());
  watch->celsius.Add(gpu.TemperatureCelsius());
  const auto state = gpu.PerformanceState();
  watch->performance_state.Add(state.ok() ? absl::StatusOr<double>(*state) : state.status());
  const auto reasons = gpu.ClockReasons();
  if (!reasons.ok()) {
    watch->reasons_missing = reasons.status();
    return;
  }
  ++watch->reason_readings;
  if ((*reasons & kThrottleReasons) != 0) ++watch->throttled;
  for (const std::string& name : ClockReasonNames(*reasons)) ++watch->reasons[name];
}

GpuSampler::GpuSampler(const GpuReadings& gpu, absl::Duration period)
    : gpu_(gpu), period_(period), thread_([this] { Watch(); }) {}

GpuWatch GpuSampler::End() {
  if (thread_.joinable()) {
    ended_.Notify();
    thread_.join();
  }
  absl::MutexLock lock(&mutex_);
  return watch_;
}

void GpuSampler::Watch() {
  do {
    absl::MutexLock lock(&mutex_);
    AddReading(gpu_, &watch_);
  } while (!ended_.WaitForNotificationWithTimeout(period_));
}

}  // namespace basisbench
