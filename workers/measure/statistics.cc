// SPDX-License-Identifier: Apache-2.0
#include "workers/measure/statistics.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace basisbench {
namespace {

constexpr double kTail = 0.025;
constexpr int64_t kFewestForInterval = 6;

// How many order statistics to cut from each end: the largest k with P(Binomial(n, 1/2) < k) <= 2.5
// %.
int64_t OrderStatisticsToCut(int64_t n) {
  // Twelve standard deviations below the middle the tail is far under the precision of a double.
  const double start = static_cast<double>(n) / 2 - 6 * std::sqrt(static_cast<double>(n));
  double cumulative = 0;
  for (int64_t k = std::max<int64_t>(0, static_cast<int64_t>(start)); k < n; ++k) {
    const double log_probability =
        std::lgamma(n + 1.0) - std::lgamma(k + 1.0) - std::lgamma(n - k + 1.0) - n * std::log(2.0);
    cumulative += std::exp(log_probability);
    if (cumulative > kTail) return k;
  }
  return 0;
}

std::optional<double> HighQuantile(absl::Span<const double> sorted, double q) {
  // Ten samples are expected above the quantile, so that it is not the mood of one of them. The
  // small allowance keeps 1/(1-q) from rounding just above a whole number.
  if (static_cast<double>(sorted.size()) * (1 - q) < 10 - 1e-6) return std::nullopt;
  return SortedQuantile(sorted, q);
}

}  // namespace

double SortedQuantile(absl::Span<const double> sorted, double q) {
  const double position = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(position);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  const double fraction = position - static_cast<double>(below);
  return sorted[below] + fraction * (sorted[above] - sorted[below]);
}

double Median(absl::Span<const double> samples) {
  std::vector<double> sorted(samples.begin(), samples.end());
  std::sort(sorted.begin(), sorted.end());
  return SortedQuantile(sorted, 0.5);
}

std::optional<Interval> MedianInterval95(absl::Span<const double> sorted) {
  const auto n = static_cast<int64_t>(sorted.size());
  if (n < kFewestForInterval) return std::nullopt;
  const int64_t cut = std::max<int64_t>(1, OrderStatisticsToCut(n));
  return Interval{sorted[cut - 1], sorted[n - cut]};
}

SampleSummary Summarize(absl::Span<const double> samples) {
  SampleSummary summary;
  summary.count = static_cast<int64_t>(samples.size());
  if (samples.empty()) return summary;
  std::vector<double> sorted(samples.begin(), samples.end());
  std::sort(sorted.begin(), sorted.end());
  summary.min = sorted.front();
  summary.q1 = SortedQuantile(sorted, 0.25);
  summary.median = SortedQuantile(sorted, 0.5);
  summary.q3 = SortedQuantile(sorted, 0.75);
  summary.max = sorted.back();
  double sum = 0;
  for (double sample : sorted) sum += sample;
  summary.mean = sum / static_cast<double>(sorted.size());
  if (sorted.size() > 1) {
    double squares = 0;
    for (double sample : sorted) squares += (sample - summary.mean) * (sample - summary.mean);
    summary.stddev = std::sqrt(squares / static_cast<double>(sorted.size() - 1));
  }
  if (auto interval = MedianInterval95(sorted)) {
    summary.median_ci_low = interval->low;
    summary.median_ci_high = interval->high;
  }
  summary.p90 = HighQuantile(sorted, 0.9);
  summary.p99 = HighQuantile(sorted, 0.99);
  summary.p999 = HighQuantile(sorted, 0.999);
  return summary;
}

}  // namespace basisbench
