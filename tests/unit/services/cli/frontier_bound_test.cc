// SPDX-License-Identifier: Apache-2.0
#include "services/cli/frontier_bound.h"

#include "gtest/gtest.h"

namespace basisbench {
namespace {

// 10^11 FLOP/s and 2.5 * 10^10 bytes/s.
constexpr MachineRates kRates{1e11, 2.5e10};

double SquareBound(double n, double bytes) {
  return *SpeedupBound(2 * n * n * n, 2 * n * n * bytes, kRates);
}

TEST(SpeedupBound, IsNTimesBetaOverPiTimesBForASquare) {
  for (const double n : {64.0, 412.0, 4096.0}) {
    for (const double bytes : {2.0, 4.0, 8.0}) {
      EXPECT_DOUBLE_EQ(SquareBound(n, bytes), n * 2.5e10 / (1e11 * bytes));
    }
  }
}

TEST(SpeedupBound, DoesNotDependOnTokensAndTakesTheHarmonicMeanOfTheWidths) {
  const auto bound = [](double tokens, double k, double m) {
    return *SpeedupBound(2 * tokens * k * m, tokens * (k + m) * 4, kRates);
  };
  EXPECT_DOUBLE_EQ(bound(1, 512, 512), bound(4096, 512, 512));
  EXPECT_DOUBLE_EQ(bound(16, 768, 3072), (2 * 768.0 * 3072 / (768 + 3072)) * 2.5e10 / (1e11 * 4));
}

TEST(SpeedupBound, IsAbsentWhereSomethingIsUnknown) {
  EXPECT_FALSE(SpeedupBound(0, 1, kRates));
  EXPECT_FALSE(SpeedupBound(1, 0, kRates));
  EXPECT_FALSE(SpeedupBound(1, 1, {0, 1}));
  EXPECT_FALSE(SpeedupBound(1, 1, {1, 0}));
}

TEST(IsComputeBound, ChangesAtTheRidge) {
  // The ridge is at 4 FLOP a byte.
  EXPECT_TRUE(IsComputeBound(4.01, 1, kRates));
  EXPECT_FALSE(IsComputeBound(4, 1, kRates));
  EXPECT_FALSE(IsComputeBound(3.99, 1, kRates));
}

}  // namespace
}  // namespace basisbench
