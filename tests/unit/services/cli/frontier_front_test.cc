// SPDX-License-Identifier: Apache-2.0
#include "services/cli/frontier_front.h"

#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace basisbench {
namespace {

using ::testing::ElementsAre;

constexpr Standing kFront = Standing::kFront, kNoise = Standing::kWithinNoise,
                   kBeaten = Standing::kDominated, kAbsent = Standing::kAbsent;

std::optional<Candidate> At(double gain, double cost) {
  return Candidate{gain, Interval::Exact(cost)};
}

std::optional<Candidate> Between(double gain, double low, double middle, double high) {
  return Candidate{gain, {middle, low, high}};
}

std::vector<Standing> Of(const std::vector<std::optional<Candidate>>& candidates) {
  return ParetoStandings(candidates);
}

TEST(ParetoStandings, KeepsWhatNothingBeatsInBoth) {
  // A staircase, and one point below each of its corners.
  EXPECT_THAT(Of({At(0.1, 1), At(0.5, 2), At(1, 4), At(0.1, 2), At(0.5, 4), At(0.4, 3)}),
              ElementsAre(kFront, kFront, kFront, kBeaten, kBeaten, kBeaten));
}

TEST(ParetoStandings, LetsEqualsShareTheFrontAndBreaksTiesInOne) {
  EXPECT_THAT(Of({At(1, 1), At(1, 1)}), ElementsAre(kFront, kFront));
  EXPECT_THAT(Of({At(1, 1), At(0.5, 1)}), ElementsAre(kFront, kBeaten));
  EXPECT_THAT(Of({At(1, 1), At(1, 2)}), ElementsAre(kFront, kBeaten));
}

TEST(ParetoStandings, CallsItNoiseWhereIntervalsMeet) {
  EXPECT_THAT(Of({Between(1, 0.9, 1.0, 1.1), Between(1, 1.0, 1.2, 1.4)}),
              ElementsAre(kFront, kNoise));
  EXPECT_THAT(Of({Between(1, 0.9, 1.0, 1.1), Between(1, 1.11, 1.2, 1.4)}),
              ElementsAre(kFront, kBeaten));
  // Touching ends are not apart.
  EXPECT_THAT(Of({Between(1, 0.9, 1.0, 1.1), Between(1, 1.1, 1.2, 1.4)}),
              ElementsAre(kFront, kNoise));
}

TEST(ParetoStandings, IsCertainOfNothingWithoutAnInterval) {
  const Candidate vague{1, {5, {}, {}}};
  EXPECT_THAT(Of({Between(1, 0.9, 1.0, 1.1), vague}), ElementsAre(kFront, kNoise));
}

TEST(ParetoStandings, LeavesOutWhatWasNotMeasured) {
  EXPECT_THAT(Of({std::nullopt, At(0.1, 9), std::nullopt}), ElementsAre(kAbsent, kFront, kAbsent));
  EXPECT_TRUE(Of({}).empty());
}

// The front of exact points found another way: going through them by cost, a point is on it when it
// gains more than everything cheaper.
TEST(ParetoStandings, AgreesWithASweepOverRandomPoints) {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> draw(0.01, 1);
  for (int round = 0; round < 50; ++round) {
    std::vector<std::optional<Candidate>> points;
    for (int i = 0; i < 40; ++i) points.push_back(At(draw(random), draw(random)));
    std::vector<size_t> order(points.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(),
              [&](size_t a, size_t b) { return points[a]->cost.value < points[b]->cost.value; });
    std::vector<Standing> expected(points.size(), kBeaten);
    double best = 0;
    for (const size_t i : order) {
      if (points[i]->gain > best) expected[i] = kFront;
      best = std::max(best, points[i]->gain);
    }
    EXPECT_EQ(Of(points), expected) << "round " << round;
  }
}

}  // namespace
}  // namespace basisbench
