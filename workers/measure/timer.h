// SPDX-License-Identifier: Apache-2.0
// The clock samples are taken with, and what it can resolve. Thread-safe.
#pragma once

#include <time.h>

#include <cstdint>

namespace basisbench {

// Steady, common to all processes of a host, not disturbed by setting the time of day.
inline int64_t SteadyNanoseconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{1'000'000'000} * now.tv_sec + now.tv_nsec;
}

inline double SecondsBetween(int64_t begin_ns, int64_t end_ns) {
  return 1e-9 * static_cast<double>(end_ns - begin_ns);
}

struct TimerProperties {
  double resolution_seconds = 0;  // smallest step seen between two readings
  double overhead_seconds = 0;    // cost of the two readings that enclose a body
};

// Takes well under a millisecond.
TimerProperties MeasureTimer();

// Executions per sample that make it at least 100 times the resolution: 1 when the body is long
// enough by itself, at most 1,000,000.
int64_t BatchSize(double body_seconds, double resolution_seconds);

}  // namespace basisbench
