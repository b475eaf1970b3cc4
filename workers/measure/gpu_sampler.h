// SPDX-License-Identifier: Apache-2.0
// Watches a GPU's clocks, power and what holds them back while it is measured: a thread that reads
// NVML now and then, a few calls each time, and keeps sums only. Made and ended by the rank's
// thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "workers/devices/nvml/gpu_readings.h"

namespace basisbench {

// A quantity over all readings of it.
struct GpuSpread {
  int64_t count = 0;  // 0: never read, `missing` says why
  double min = 0, max = 0, sum = 0;
  absl::Status missing;  // the last failure

  void Add(const absl::StatusOr<double>& value);
  double mean() const { return sum / static_cast<double>(count); }
};

struct GpuWatch {
  int64_t readings = 0;
  GpuSpread sm_mhz, memory_mhz, watts, celsius, performance_state;
  int64_t reason_readings = 0;
  absl::Status reasons_missing;
  std::map<std::string, int64_t> reasons;  // readings in which each held
  int64_t throttled = 0;                   // readings in which power or heat held the clocks down
};

// One reading more.
void AddReading(const GpuReadings& gpu, GpuWatch* watch);

class GpuSampler {
 public:
  // Reads at once and then every `period`.
  GpuSampler(const GpuReadings& gpu, absl::Duration period);
  // Waits for a reading that is under way, and for no period.
  ~GpuSampler() { End(); }
  GpuSampler(const GpuSampler&) = delete;
  GpuSampler& operator=(const GpuSampler&) = delete;

  // No reading after this. What was seen.
  GpuWatch End();

 private:
  void Watch();

  const GpuReadings gpu_;
  const absl::Duration period_;
  absl::Notification ended_;
  absl::Mutex mutex_;
  GpuWatch watch_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;  // last: it uses all others
};

}  // namespace basisbench
