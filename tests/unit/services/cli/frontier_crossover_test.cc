// SPDX-License-Identifier: Apache-2.0
#include "services/cli/frontier_crossover.h"

#include <algorithm>
#include <cmath>

#include "gtest/gtest.h"

namespace basisbench {
namespace {

// A speed-up of (size / at)^power with an interval of `spread` either way: between any two sizes
// the interpolation is exact.
std::vector<SweepPoint> PowerLaw(const std::vector<double>& sizes, double at, double power,
                                 double spread = 1) {
  std::vector<SweepPoint> points;
  for (const double size : sizes) {
    const double ratio = std::pow(size / at, power);
    points.push_back({size, {ratio, ratio / spread, ratio * spread}});
  }
  return points;
}

const std::vector<double> kSizes = {64, 128, 256, 512, 1024};

TEST(FindCrossover, IsExactForAPowerLaw) {
  for (const double at : {65.0, 300.0, 512.0, 1000.0}) {
    for (const double power : {0.3, 1.0, 2.5}) {
      const Crossover found = FindCrossover(PowerLaw(kSizes, at, power));
      EXPECT_EQ(found.kind, CrossoverKind::kFrom);
      EXPECT_NEAR(*found.at, at, 1e-9 * at);
      EXPECT_EQ(found.changes, 1);
    }
  }
}

TEST(FindCrossover, TakesItsIntervalFromTheEnds) {
  // Twice as fast at power 1 crosses at half the size.
  const Crossover found = FindCrossover(PowerLaw(kSizes, 300, 1, 1.5));
  EXPECT_TRUE(found.has_interval);
  EXPECT_NEAR(*found.low, 200, 1e-6);
  EXPECT_NEAR(*found.high, 450, 1e-6);
}

TEST(FindCrossover, LeavesAnEndOpenThatLiesOutsideTheSweep) {
  const Crossover wide = FindCrossover(PowerLaw(kSizes, 300, 1, 5));
  EXPECT_NEAR(*wide.at, 300, 1e-6);
  EXPECT_TRUE(wide.has_interval);
  EXPECT_FALSE(wide.low);   // 60 is below the smallest size
  EXPECT_FALSE(wide.high);  // 1500 is beyond the largest
  EXPECT_EQ(wide.smallest, 64);
  EXPECT_EQ(wide.largest, 1024);
}

TEST(FindCrossover, SaysWhereAnOperatorStopsBeingFaster) {
  const Crossover found = FindCrossover(PowerLaw(kSizes, 300, -1, 1.5));
  EXPECT_EQ(found.kind, CrossoverKind::kUntil);
  EXPECT_NEAR(*found.at, 300, 1e-6);
  EXPECT_NEAR(*found.low, 200, 1e-6);
  EXPECT_NEAR(*found.high, 450, 1e-6);
}

TEST(FindCrossover, FindsNoneWhereThereIsNone) {
  const Crossover never = FindCrossover(PowerLaw(kSizes, 5000, 1));
  EXPECT_EQ(never.kind, CrossoverKind::kNever);
  EXPECT_FALSE(never.at);
  const Crossover always = FindCrossover(PowerLaw(kSizes, 10, 1));
  EXPECT_EQ(always.kind, CrossoverKind::kAlways);
  EXPECT_FALSE(always.at);
  // Equal is not slower.
  const Crossover even = FindCrossover({{1, Interval::Exact(1)}, {2, Interval::Exact(1)}});
  EXPECT_EQ(even.kind, CrossoverKind::kAlways);
}

TEST(FindCrossover, TellsWhenTheIntervalLeavesRoomForOne) {
  const Crossover never = FindCrossover(PowerLaw(kSizes, 1100, 1, 1.5));
  EXPECT_EQ(never.kind, CrossoverKind::kNever);
  EXPECT_NEAR(*never.low, 1100 / 1.5, 1e-6);
  const Crossover always = FindCrossover(PowerLaw(kSizes, 60, 1, 1.5));
  EXPECT_EQ(always.kind, CrossoverKind::kAlways);
  EXPECT_NEAR(*always.high, 90, 1e-6);
}

TEST(FindCrossover, TakesTheLastOfSeveralChanges) {
  const Crossover found = FindCrossover({{1, Interval::Exact(0.5)},
                                         {2, Interval::Exact(2)},
                                         {4, Interval::Exact(0.5)},
                                         {16, Interval::Exact(2)}});
  EXPECT_EQ(found.kind, CrossoverKind::kFrom);
  EXPECT_EQ(found.changes, 3);
  EXPECT_NEAR(*found.at, 8, 1e-9);  // half way from 4 to 16 on a logarithmic scale
}

TEST(FindCrossover, DoesNotDependOnTheOrderOfThePoints) {
  std::vector<SweepPoint> points = PowerLaw(kSizes, 300, 1.2, 1.1);
  const Crossover sorted = FindCrossover(points);
  std::reverse(points.begin(), points.end());
  const Crossover reversed = FindCrossover(points);
  EXPECT_EQ(sorted.at, reversed.at);
  EXPECT_EQ(sorted.low, reversed.low);
}

TEST(FindCrossover, NeedsTwoSizesAndAllIntervals) {
  EXPECT_EQ(FindCrossover({}).kind, CrossoverKind::kTooFew);
  EXPECT_EQ(FindCrossover({{64, Interval::Exact(2)}}).kind, CrossoverKind::kTooFew);
  std::vector<SweepPoint> points = PowerLaw(kSizes, 300, 1, 1.5);
  points[2].speedup.low.reset();
  const Crossover found = FindCrossover(points);
  EXPECT_NEAR(*found.at, 300, 1e-6);
  EXPECT_FALSE(found.has_interval);
  EXPECT_FALSE(found.low);
  EXPECT_FALSE(found.high);
}

}  // namespace
}  // namespace basisbench
