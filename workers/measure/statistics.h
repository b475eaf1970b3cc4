// SPDX-License-Identifier: Apache-2.0
// Order statistics of a set of samples. Pure functions, thread-safe, never fail: what cannot be
// determined from the samples given is absent.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/types/span.h"

namespace basisbench {

struct SampleSummary {
  int64_t count = 0;  // everything below is meaningless when 0
  double min = 0, q1 = 0, median = 0, q3 = 0, max = 0, mean = 0;
  std::optional<double> stddev;                         // from 2 samples
  std::optional<double> median_ci_low, median_ci_high;  // 95 %, from 6 samples
  std::optional<double> p90, p99, p999;                 // from 100, 1,000 and 10,000 samples
};

// Samples in any order.
SampleSummary Summarize(absl::Span<const double> samples);

// Linear interpolation between the two nearest order statistics; `sorted` is ascending and not
// empty.
double SortedQuantile(absl::Span<const double> sorted, double q);

// Samples in any order, not empty.
double Median(absl::Span<const double> samples);

struct Interval {
  double low = 0;
  double high = 0;
};

// Distribution-free 95 % confidence interval of the median: the two order statistics between which
// the median lies with at least that probability. Absent below 6 samples, where no pair of them
// reaches it.
std::optional<Interval> MedianInterval95(absl::Span<const double> sorted);

}  // namespace basisbench
