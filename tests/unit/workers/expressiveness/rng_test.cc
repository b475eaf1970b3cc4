// SPDX-License-Identifier: Apache-2.0
#include "workers/expressiveness/rng.h"

#include <algorithm>

#include "gtest/gtest.h"

namespace basisbench {
namespace {

TEST(Rng, GivesTheKnownStreamOfSeedOne) {
  Rng rng(1);
  EXPECT_EQ(rng.Next(), 10451216379200822465u);
  EXPECT_EQ(rng.Next(), 13757245211066428519u);
  EXPECT_EQ(rng.Next(), 17911839290282890590u);
}

TEST(Rng, GivesTheKnownNormalsOfSeedOne) {
  Rng rng(1);
  for (const double expected : {-0.02824975, -1.06561765, -0.22791952, 0.08309417})
    EXPECT_NEAR(rng.Normal(), expected, 1e-8);
}

TEST(Rng, PermutationHoldsEveryPlaceOnce) {
  std::vector<int64_t> places = Rng(3).Permutation(1000);
  EXPECT_FALSE(std::is_sorted(places.begin(), places.end()));
  std::sort(places.begin(), places.end());
  for (int64_t i = 0; i < 1000; ++i) EXPECT_EQ(places[i], i);
}

TEST(Rng, SeedsDiffer) { EXPECT_NE(Rng(1).Next(), Rng(2).Next()); }

}  // namespace
}  // namespace basisbench
