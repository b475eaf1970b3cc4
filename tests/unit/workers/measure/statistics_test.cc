// SPDX-License-Identifier: Apache-2.0
#include "workers/measure/statistics.h"

#include <cmath>
#include <numeric>
#include <vector>

#include "gtest/gtest.h"

namespace basisbench {
namespace {

std::vector<double> OneTo(int n) {
  std::vector<double> values(n);
  std::iota(values.begin(), values.end(), 1.0);
  return values;
}

// Exact probability that the median lies between the k-th smallest and the k-th largest of n
// samples.
double Coverage(int n, int k) {
  double tail = 0;
  for (int i = 0; i < k; ++i) {
    tail += std::exp(std::lgamma(n + 1.0) - std::lgamma(i + 1.0) - std::lgamma(n - i + 1.0) -
                     n * std::log(2.0));
  }
  return 1 - 2 * tail;
}

TEST(Statistics, SummaryOfNothingHasNoSamples) {
  const SampleSummary summary = Summarize({});
  EXPECT_EQ(summary.count, 0);
  EXPECT_FALSE(summary.stddev.has_value());
  EXPECT_FALSE(summary.median_ci_low.has_value());
}

TEST(Statistics, OneSampleHasAMedianButNoSpread) {
  const SampleSummary summary = Summarize({4.0});
  EXPECT_EQ(summary.median, 4.0);
  EXPECT_EQ(summary.mean, 4.0);
  EXPECT_FALSE(summary.stddev.has_value());
}

TEST(Statistics, QuartilesInterpolateBetweenNeighbours) {
  const SampleSummary summary = Summarize({4, 1, 3, 2});
  EXPECT_DOUBLE_EQ(summary.min, 1);
  EXPECT_DOUBLE_EQ(summary.q1, 1.75);
  EXPECT_DOUBLE_EQ(summary.median, 2.5);
  EXPECT_DOUBLE_EQ(summary.q3, 3.25);
  EXPECT_DOUBLE_EQ(summary.max, 4);
  EXPECT_DOUBLE_EQ(*summary.stddev, std::sqrt(5.0 / 3.0));
}

TEST(Statistics, MedianIntervalIsAbsentBelowSixSamples) {
  EXPECT_FALSE(MedianInterval95(OneTo(5)).has_value());
  const auto interval = MedianInterval95(OneTo(6));
  ASSERT_TRUE(interval.has_value());
  EXPECT_EQ(interval->low, 1);
  EXPECT_EQ(interval->high, 6);
}

TEST(Statistics, MedianIntervalIsTheNarrowestThatCoversNinetyFivePerCent) {
  for (int n : {6, 9, 10, 20, 57, 100, 999, 10000}) {
    const auto interval = MedianInterval95(OneTo(n));
    ASSERT_TRUE(interval.has_value()) << n;
    const int k = static_cast<int>(interval->low);
    EXPECT_EQ(interval->high, n - k + 1) << n;
    EXPECT_GE(Coverage(n, k), 0.95) << n;
    EXPECT_LT(Coverage(n, k + 1), 0.95) << n;
  }
}

TEST(Statistics, HighPercentilesAppearWithTenSamplesAboveThem) {
  EXPECT_FALSE(Summarize(OneTo(99)).p90.has_value());
  EXPECT_TRUE(Summarize(OneTo(100)).p90.has_value());
  EXPECT_FALSE(Summarize(OneTo(999)).p99.has_value());
  EXPECT_TRUE(Summarize(OneTo(1000)).p99.has_value());
  EXPECT_FALSE(Summarize(OneTo(9999)).p999.has_value());
  EXPECT_TRUE(Summarize(OneTo(10000)).p999.has_value());
}

TEST(Statistics, PercentileOfARampIsItsValue) {
  EXPECT_NEAR(*Summarize(OneTo(1001)).p99, 991, 1e-9);
}

}  // namespace
}  // namespace basisbench
