// SPDX-License-Identifier: Apache-2.0
#include "workers/measure/paired_comparison.h"

#include <limits>
#include <vector>

#include "gtest/gtest.h"

namespace basisbench {
namespace {

TEST(PairedComparison, DriftOfTheMachineCancels) {
  std::vector<double> baseline, candidate;
  for (int round = 0; round < 20; ++round) {
    const double drift = 1 + 0.1 * round;
    baseline.push_back(2 * drift);
    candidate.push_back(1 * drift);
  }
  const PairedComparison result = ComparePaired(baseline, candidate);
  EXPECT_EQ(result.verdict, Verdict::kFaster);
  EXPECT_DOUBLE_EQ(result.speedup, 2);
  EXPECT_DOUBLE_EQ(*result.speedup_low, 2);
  EXPECT_DOUBLE_EQ(*result.speedup_high, 2);
}

struct VerdictCase {
  double low, high;  // the candidate's times alternate between these; the baseline takes 1
  Verdict verdict;
};

TEST(PairedComparison, VerdictFollowsTheInterval) {
  const VerdictCase cases[] = {{1.0, 1.0, Verdict::kSame},      {0.995, 1.005, Verdict::kSame},
                               {0.5, 0.6, Verdict::kFaster},    {1.5, 1.6, Verdict::kSlower},
                               {0.9, 1.1, Verdict::kAmbiguous}, {0.97, 1.0, Verdict::kAmbiguous}};
  for (const VerdictCase& c : cases) {
    std::vector<double> baseline(20, 1.0), candidate;
    for (int i = 0; i < 20; ++i) candidate.push_back(i % 2 == 0 ? c.low : c.high);
    const PairedComparison result = ComparePaired(baseline, candidate);
    EXPECT_EQ(VerdictName(result.verdict), VerdictName(c.verdict)) << c.low << " " << c.high;
  }
}

TEST(PairedComparison, UsesTheRoundsBothHave) {
  const std::vector<double> baseline(30, 1.0), candidate(12, 2.0);
  EXPECT_EQ(ComparePaired(baseline, candidate).rounds, 12);
}

TEST(PairedComparison, FewRoundsAreAmbiguousWithoutInterval) {
  const PairedComparison result = ComparePaired({1, 1, 1, 1, 1}, {2, 2, 2, 2, 2});
  EXPECT_EQ(result.verdict, Verdict::kAmbiguous);
  EXPECT_DOUBLE_EQ(result.speedup, 0.5);
  EXPECT_FALSE(result.speedup_low.has_value());
}

TEST(PairedComparison, ImpossibleTimesAreInvalid) {
  EXPECT_EQ(ComparePaired({}, {}).verdict, Verdict::kInvalid);
  EXPECT_EQ(ComparePaired({1.0}, {0.0}).verdict, Verdict::kInvalid);
  EXPECT_EQ(ComparePaired({1.0}, {std::numeric_limits<double>::quiet_NaN()}).verdict,
            Verdict::kInvalid);
}

}  // namespace
}  // namespace basisbench
