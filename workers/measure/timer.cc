// SPDX-License-Identifier: Apache-2.0
#include "workers/measure/timer.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace basisbench {
namespace {

constexpr int kReadings = 2000;
constexpr double kResolutionsPerSample = 100;
constexpr int64_t kLargestBatch = 1'000'000;

}  // namespace

TimerProperties MeasureTimer() {
  int64_t smallest = std::numeric_limits<int64_t>::max();
  const int64_t begin = SteadyNanoseconds();
  int64_t last = begin;
  for (int i = 0; i < kReadings; ++i) {
    const int64_t now = SteadyNanoseconds();
    if (now > last) smallest = std::min(smallest, now - last);
    last = now;
  }
  TimerProperties properties;
  // A clock that never moved over all readings is coarser than the whole loop took.
  properties.resolution_seconds =
      smallest == std::numeric_limits<int64_t>::max() ? 1e-3 : 1e-9 * static_cast<double>(smallest);
  properties.overhead_seconds = 2 * SecondsBetween(begin, last) / kReadings;
  return properties;
}

int64_t BatchSize(double body_seconds, double resolution_seconds) {
  const double wanted = kResolutionsPerSample * resolution_seconds;
  if (body_seconds >= wanted) return 1;
  const double smallest_body = wanted / static_cast<double>(kLargestBatch);
  return static_cast<int64_t>(std::ceil(wanted / std::max(body_seconds, smallest_body)));
}

}  // namespace basisbench
