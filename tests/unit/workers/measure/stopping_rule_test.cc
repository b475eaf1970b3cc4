// SPDX-License-Identifier: Apache-2.0
#include "workers/measure/stopping_rule.h"

#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace basisbench {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(StoppingRule, StopsOnConfidenceOnceSamplesAndTimeAreEnough) {
  StoppingRule rule(StoppingLimits{});
  for (int i = 0; i < 9; ++i) rule.Add(0.1, 0.1);
  EXPECT_FALSE(rule.finished()) << "nine samples are too few";
  rule.Add(0.1, 0.1);
  EXPECT_EQ(rule.reason(), "confidence");
}

TEST(StoppingRule, GoesOnWhileTheMeasuredTimeIsTooShort) {
  StoppingRule rule(StoppingLimits{});
  for (int i = 0; i < 40; ++i) rule.Add(0.01, 0.01);
  EXPECT_FALSE(rule.finished());
  for (int i = 0; i < 11; ++i) rule.Add(0.01, 0.01);
  EXPECT_EQ(rule.reason(), "confidence");
}

TEST(StoppingRule, GoesOnWhileTheIntervalIsWide) {
  StoppingRule rule(StoppingLimits{});
  for (int i = 0; i < 20; ++i) rule.Add(i % 2 == 0 ? 0.1 : 0.2, 0.1);
  EXPECT_FALSE(rule.finished());
  EXPECT_GT(rule.RelativeHalfWidth(), 0.02);
}

TEST(StoppingRule, NamesTheCriteriaNotMetAtTheSampleLimit) {
  StoppingLimits limits;
  limits.max_samples = 20;
  StoppingRule rule(limits);
  for (int i = 0; i < 20; ++i) rule.Add(1e-3, 1e-3);
  EXPECT_THAT(rule.reason(), StartsWith("max_samples 20: min_time not met (0.02 of 0.5 s)"));
}

TEST(StoppingRule, NamesTheCriteriaNotMetAtTheTimeLimit) {
  StoppingLimits limits;
  limits.max_seconds = 3;
  StoppingRule rule(limits);
  for (int i = 0; i < 3; ++i) rule.Add(1 + 0.1 * i, 1 + 0.1 * i);
  EXPECT_THAT(rule.reason(), StartsWith("max_time 3 s: min_samples not met (3 of 10)"));
  EXPECT_THAT(rule.reason(), HasSubstr("confidence not met (half-width inf above 0.02)"));
}

TEST(StoppingRule, IsConfidentAtTheLimitWhenEveryCriterionIsMet) {
  StoppingLimits limits;
  limits.max_samples = 10;
  StoppingRule rule(limits);
  for (int i = 0; i < 10; ++i) rule.Add(0.1, 0.1);
  EXPECT_EQ(rule.reason(), "confidence");
}

TEST(StoppingRule, BatchedSamplesCountTheTimeTheyTook) {
  StoppingRule rule(StoppingLimits{});
  for (int i = 0; i < 10; ++i) rule.Add(1e-6, 0.06);
  EXPECT_EQ(rule.reason(), "confidence");
  EXPECT_DOUBLE_EQ(rule.median(), 1e-6);
}

TEST(StoppingRule, KnowsTheMedianOfUnorderedSamples) {
  StoppingRule rule(StoppingLimits{});
  EXPECT_EQ(rule.median(), 0);
  EXPECT_EQ(rule.RelativeHalfWidth(), std::numeric_limits<double>::infinity());
  for (double sample : {3e-3, 1e-3, 2e-3}) rule.Add(sample, sample);
  EXPECT_DOUBLE_EQ(rule.median(), 2e-3);
}

}  // namespace
}  // namespace basisbench
