// SPDX-License-Identifier: Apache-2.0
#include "services/cli/prediction_nnls.h"

#include <cmath>
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace basisbench {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

NormalEquations Equations(const std::vector<std::vector<double>>& rows,
                          const std::vector<double>& targets) {
  NormalEquations equations(rows[0].size());
  for (size_t i = 0; i < rows.size(); ++i) equations.Add(rows[i], targets[i], 1);
  return equations;
}

// The sum of squares up to the constant that does not depend on x.
double Objective(const NormalEquations& e, const std::vector<double>& x) {
  double sum = 0;
  for (size_t i = 0; i < e.size; ++i) {
    sum -= 2 * e.right[i] * x[i];
    for (size_t j = 0; j < e.size; ++j) sum += x[i] * e.gram[i * e.size + j] * x[j];
  }
  return sum;
}

TEST(SolveNonNegative, FindsWhatSolvesTheRowsExactly) {
  EXPECT_THAT(SolveNonNegative(Equations({{1, 2}, {3, 1}, {1, 1}}, {8, 9, 5})),
              ElementsAre(DoubleNear(2, 1e-12), DoubleNear(3, 1e-12)));
}

TEST(SolveNonNegative, KeepsAtZeroWhatWouldBeNegative) {
  // Unconstrained: (3, -1). With the second at 0 the first is (1*2 + 1*3) / 2.
  EXPECT_THAT(SolveNonNegative(Equations({{1, 1}, {1, 0}}, {2, 3})),
              ElementsAre(DoubleNear(2.5, 1e-12), 0));
  EXPECT_THAT(SolveNonNegative(Equations({{1, 0}, {0, 1}}, {-1, -2})), ElementsAre(0, 0));
}

TEST(SolveNonNegative, SurvivesColumnsThatDependOnEachOtherOrAreZero) {
  const std::vector<double> x =
      SolveNonNegative(Equations({{1, 2, 0}, {2, 4, 0}, {3, 6, 0}}, {3, 6, 9}));
  EXPECT_NEAR(x[0] + 2 * x[1], 3, 1e-12);
  EXPECT_EQ(x[2], 0);
}

TEST(SolveNonNegative, DoesNotMindColumnsOfVeryUnlikeSize) {
  const std::vector<double> x =
      SolveNonNegative(Equations({{1e12, 1}, {2e12, 5}, {3e12, 1}}, {3, 12, 5}));
  EXPECT_NEAR(x[0] * 1e12, 1, 1e-9);
  EXPECT_NEAR(x[1], 2, 1e-9);
}

// Karush, Kuhn and Tucker: the gradient vanishes where x > 0 and points inward where x = 0.
TEST(SolveNonNegative, MeetsTheConditionsOfAMinimumOnRandomProblems) {
  std::mt19937 random(7);
  std::normal_distribution<double> normal;
  size_t bound = 0;
  for (int problem = 0; problem < 300; ++problem) {
    NormalEquations equations(6);
    for (int row = 0; row < 9; ++row) {
      std::vector<double> values(6);
      for (double& value : values) value = normal(random);
      equations.Add(values, normal(random), 1);
    }
    const std::vector<double> x = SolveNonNegative(equations);
    for (size_t i = 0; i < 6; ++i) {
      double slope = -equations.right[i];
      for (size_t j = 0; j < 6; ++j) slope += equations.gram[i * 6 + j] * x[j];
      EXPECT_GE(x[i], 0);
      EXPECT_GE(slope, -1e-8);
      EXPECT_NEAR(slope * x[i], 0, 1e-8);
      bound += x[i] == 0;
      std::vector<double> moved = x;
      moved[i] += 0.01;
      EXPECT_LE(Objective(equations, x), Objective(equations, moved));
    }
  }
  EXPECT_GT(bound, 100u) << "the constraint never mattered";
}

TEST(NormalEquations, TakesARowAwayAgain) {
  NormalEquations equations = Equations({{1, 2}, {3, 1}}, {8, 9});
  equations.Add({5, 7}, 100, 1);
  equations.Add({5, 7}, 100, -1);
  EXPECT_THAT(SolveNonNegative(equations), ElementsAre(DoubleNear(2, 1e-9), DoubleNear(3, 1e-9)));
}

}  // namespace
}  // namespace basisbench
