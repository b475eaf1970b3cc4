// SPDX-License-Identifier: Apache-2.0
// Tests of the small pure parts: overlap, batch size, shuffle, lists of CPUs, variables.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "workers/measure/conditions.h"
#include "workers/measure/overlap.h"
#include "workers/measure/shuffle.h"
#include "workers/measure/timer.h"

namespace basisbench {
namespace {

TEST(Overlap, IsTheHiddenShareOfTheCommunication) {
  EXPECT_DOUBLE_EQ(*OverlapRatio(1.5, 1.0, 1.0), 0.5);
  EXPECT_DOUBLE_EQ(*OverlapRatio(1.0, 1.0, 1.0), 1.0);
  EXPECT_DOUBLE_EQ(*OverlapRatio(2.0, 1.0, 1.0), 0.0);
}

TEST(Overlap, StaysBetweenZeroAndOne) {
  EXPECT_DOUBLE_EQ(*OverlapRatio(9.0, 1.0, 1.0), 0.0);
  EXPECT_DOUBLE_EQ(*OverlapRatio(0.5, 1.0, 1.0), 1.0);
}

TEST(Overlap, IsAbsentWithoutCommunication) {
  EXPECT_FALSE(OverlapRatio(1.0, 1.0, 0.0).has_value());
}

TEST(Timer, ShortBodiesAreBatchedToAHundredResolutions) {
  EXPECT_EQ(BatchSize(1e-3, 1e-8), 1);
  EXPECT_EQ(BatchSize(1e-6, 1e-8), 1);
  EXPECT_EQ(BatchSize(1e-7, 1e-8), 10);
  EXPECT_EQ(BatchSize(3e-7, 1e-8), 4);
  EXPECT_EQ(BatchSize(0, 1e-8), 1'000'000);
}

TEST(Timer, KnowsItsResolution) {
  const TimerProperties timer = MeasureTimer();
  EXPECT_GT(timer.resolution_seconds, 0);
  EXPECT_GT(timer.overhead_seconds, 0);
}

TEST(Shuffle, EachRoundIsAPermutation) {
  for (uint64_t round = 0; round < 50; ++round) {
    std::vector<int> order = ShuffledOrder(7, 1, round);
    std::sort(order.begin(), order.end());
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 5, 6}));
  }
}

TEST(Shuffle, SeedAndRoundDecideTheOrder) {
  EXPECT_EQ(ShuffledOrder(20, 5, 3), ShuffledOrder(20, 5, 3));
  EXPECT_NE(ShuffledOrder(20, 5, 3), ShuffledOrder(20, 5, 4));
  EXPECT_NE(ShuffledOrder(20, 5, 3), ShuffledOrder(20, 6, 3));
}

TEST(Shuffle, EveryCaseComesFirstAboutEquallyOften) {
  std::map<int, int> first;
  for (uint64_t round = 0; round < 4000; ++round) ++first[ShuffledOrder(4, 9, round)[0]];
  for (const auto& [index, count] : first) EXPECT_NEAR(count, 1000, 150) << index;
}

TEST(Conditions, CpuListsAreWrittenAsRanges) {
  EXPECT_EQ(FormatCpuList({}), "");
  EXPECT_EQ(FormatCpuList({4}), "4");
  EXPECT_EQ(FormatCpuList({0, 1, 2, 3, 8, 10, 11}), "0-3,8,10-11");
}

TEST(Conditions, OnlyVariablesThatChangeSpeedAreKept) {
  const auto kept = RelevantVariables(
      {"OPENBLAS_CORETYPE=SkylakeX", "HOME=/root", "OMP_NUM_THREADS=", "OMPI_MCA_btl=tcp,self",
       "OMPI_MCA_ess_base_vpid=1", "BROKEN", "XOMP_=1", "FFTW_WISDOM=a=b"});
  EXPECT_EQ(kept, (std::map<std::string, std::string>{{"OPENBLAS_CORETYPE", "SkylakeX"},
                                                      {"OMP_NUM_THREADS", ""},
                                                      {"OMPI_MCA_btl", "tcp,self"},
                                                      {"FFTW_WISDOM", "a=b"}}));
}

TEST(Conditions, ThisHostHasANameAndACpu) {
  const Conditions conditions = ReadConditions();
  EXPECT_FALSE(conditions.hostname.empty());
  EXPECT_FALSE(conditions.affinity.empty());
  EXPECT_FALSE(conditions.governor.empty());
}

}  // namespace
}  // namespace basisbench
