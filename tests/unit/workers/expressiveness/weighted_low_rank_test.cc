// SPDX-License-Identifier: Apache-2.0
#include "workers/expressiveness/weighted_low_rank.h"

#include <cmath>

#include "gtest/gtest.h"
#include "tests/unit/workers/expressiveness/low_displacement.h"
#include "workers/expressiveness/rng.h"
#include "workers/expressiveness/score.h"

namespace basisbench {
namespace {

constexpr int64_t kRows = 20, kCols = 14, kRank = 3;

Matrix<Complex> Normal(Rng& rng, int64_t rows, int64_t cols) {
  Matrix<Complex> out(rows, cols);
  for (int64_t i = 0; i < rows * cols; ++i) {
    const double real = rng.Normal();
    out.data()[i] = {real, rng.Normal()};
  }
  return out;
}

double Distance(const Matrix<Complex>& target, const Matrix<Complex>& weights,
                const Factors<Complex>& factors) {
  Matrix<Complex> member = *Multiply(factors.left, factors.right);
  for (int64_t i = 0; i < member.rows() * member.cols(); ++i) member.data()[i] *= weights.data()[i];
  return Energy(Difference(target, member));
}

// Equal weights are none: the optimum is then known.
TEST(WeightedLowRank, ReachesTheClosestOfItsRankWithoutWeights) {
  Rng rng(3);
  const Matrix<Complex> target = Normal(rng, kRows, kCols);
  Matrix<Complex> ones(kRows, kCols);
  for (int64_t i = 0; i < kRows * kCols; ++i) ones.data()[i] = 1;
  Factors<Complex> factors{Normal(rng, kRows, kRank), Normal(rng, kRank, kCols)};
  ImproveWeighted(target, ones, 2000, factors);
  const double optimum = Energy(Difference(target, *ClosestOfRank(target, kRank)));
  EXPECT_NEAR(Distance(target, ones, factors), optimum, 1e-5 * optimum);
}

TEST(WeightedLowRank, LeavesWhatIsExactAsItIs) {
  Rng rng(5);
  const Matrix<Complex> weights = Normal(rng, kRows, kCols);
  Factors<Complex> factors{Normal(rng, kRows, kRank), Normal(rng, kRank, kCols)};
  Matrix<Complex> target = *Multiply(factors.left, factors.right);
  for (int64_t i = 0; i < kRows * kCols; ++i) target.data()[i] *= weights.data()[i];
  ImproveWeighted(target, weights, 5, factors);
  EXPECT_LT(Distance(target, weights, factors), 1e-18 * Energy(target));
}

TEST(WeightedLowRank, EveryRoundComesCloser) {
  Rng rng(7);
  const Matrix<Complex> target = Normal(rng, kRows, kCols), weights = Normal(rng, kRows, kCols);
  Factors<Complex> factors{Normal(rng, kRows, kRank), Normal(rng, kRank, kCols)};
  double distance = Distance(target, weights, factors);
  for (int round = 0; round < 6; ++round) {
    ImproveWeighted(target, weights, 1, factors);
    const double now = Distance(target, weights, factors);
    EXPECT_LT(now, distance);
    distance = now;
  }
}

// Noise on a matrix of low displacement rank: the closest one of that rank is at least as close as
// the one without noise.
TEST(WeightedLowRank, FindsAMatrixOfLowDisplacementUnderNoise) {
  constexpr int64_t kSide = 64, kDisplacement = 3;
  const auto family = ResolveFamily("ldr", {{"rank", "3"}}, kSide);
  ASSERT_TRUE(family.ok()) << family.status();
  const Matrix<double> numbers = Rng(11).NormalMatrix(2 * kDisplacement, kSide);
  const Matrix<double> member = LowDisplacement(kSide, kDisplacement, numbers.elements());
  Matrix<double> noise = Rng(13).NormalMatrix(kSide, kSide);
  const double size = 0.3 * std::sqrt(Energy(member) / Energy(noise));
  for (int64_t i = 0; i < kSide * kSide; ++i) noise.data()[i] *= size;
  const Matrix<double> target = Sum(member, noise);
  const auto fit = FitTarget(*family, {"noisy", kSide, target}, false);
  ASSERT_TRUE(fit.ok()) << fit.status();
  EXPECT_GE(fit->captured, CapturedEnergy(target, member));
}

}  // namespace
}  // namespace basisbench
