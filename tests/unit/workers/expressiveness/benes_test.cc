// SPDX-License-Identifier: Apache-2.0
#include "workers/expressiveness/benes.h"

#include <algorithm>
#include <numeric>

#include "gtest/gtest.h"
#include "workers/expressiveness/rng.h"

namespace basisbench {
namespace {

TEST(Benes, RoutesEveryPermutationOfFourAndManyLargerOnes) {
  std::vector<std::vector<int64_t>> permutations;
  std::vector<int64_t> four = {0, 1, 2, 3};
  do permutations.push_back(four);
  while (std::next_permutation(four.begin(), four.end()));
  for (const int64_t n : {2, 8, 16, 64, 1024})
    for (uint64_t seed = 1; seed <= 5; ++seed) permutations.push_back(Rng(seed).Permutation(n));
  for (const std::vector<int64_t>& source : permutations) {
    const int64_t n = static_cast<int64_t>(source.size());
    const std::vector<SwapStage> stages = RoutePermutation(source);
    EXPECT_EQ(stages.front().stride, n / 2);
    EXPECT_EQ(stages.back().stride, n / 2);
    std::vector<int64_t> places(n);
    std::iota(places.begin(), places.end(), 0);
    EXPECT_EQ(ApplyStages(stages, places), source);
  }
}

TEST(Benes, UsesTheStagesOfTwoButterflies) {
  EXPECT_EQ(RoutePermutation(Rng(1).Permutation(2)).size(), 1u);
  EXPECT_EQ(RoutePermutation(Rng(1).Permutation(64)).size(), 11u);
}

}  // namespace
}  // namespace basisbench
