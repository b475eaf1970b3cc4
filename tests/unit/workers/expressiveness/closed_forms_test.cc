// SPDX-License-Identifier: Apache-2.0
// Scores that mathematics gives without a fit.
#include <cmath>
#include <functional>
#include <map>
#include <string>

#include "gtest/gtest.h"
#include "workers/expressiveness/catalogue.h"
#include "workers/expressiveness/lapack.h"
#include "workers/expressiveness/rng.h"
#include "workers/expressiveness/score.h"
#include "workers/expressiveness/tensor_rank.h"
#include "workers/expressiveness/transforms.h"
#include "workers/expressiveness/wavelets.h"

namespace basisbench {
namespace {

using Parameters = std::map<std::string, std::string>;

double Captured(const std::string& name, const Parameters& parameters, const Target& target) {
  const auto family = ResolveFamily(name, parameters, target.n);
  EXPECT_TRUE(family.ok()) << family.status();
  const auto fit = FitTarget(*family, target, false);
  EXPECT_TRUE(fit.ok()) << fit.status();
  return fit->captured;
}

double Captured(const std::string& name, const Parameters& parameters, const std::string& target,
                int64_t n) {
  return Captured(name, parameters, *MakeTarget(target, n));
}

TEST(ClosedForms, LowRankCapturesItsShareOfEveryRotation) {
  for (const char* target : {"HAAR", "DFT", "DCT2", "WHT", "HAARW", "PERM", "BFLY"})
    for (const int64_t rank : {1, 5, 32})
      EXPECT_NEAR(Captured("lowrank", {{"rank", std::to_string(rank)}}, target, 64),
                  static_cast<double>(rank) / 64, 1e-12)
          << target;
}

// Singular values of a Gaussian matrix follow the quarter circle: with r/n = (2 a - sin 2a) / pi,
// s = (4 a - sin 4a) / 2 pi.
double QuarterCircle(double share) {
  double low = 0, high = M_PI / 2;
  for (int step = 0; step < 60; ++step) {
    const double a = (low + high) / 2;
    ((2 * a - std::sin(2 * a)) / M_PI < share ? low : high) = a;
  }
  return (4 * low - std::sin(4 * low)) / (2 * M_PI);
}

TEST(ClosedForms, LowRankOfGaussianFollowsTheQuarterCircle) {
  EXPECT_NEAR(QuarterCircle(1.0 / 16), .2099, 1e-4);
  for (const int64_t rank : {16, 32, 64, 128})
    EXPECT_NEAR(Captured("lowrank", {{"rank", std::to_string(rank)}}, "GAUSS", 256),
                QuarterCircle(static_cast<double>(rank) / 256), .01);
}

struct Subspace {
  std::string name;
  Parameters parameters;
  double share;
};

TEST(ClosedForms, LinearSubspacesCaptureTheirShareOfGaussianMatrices) {
  constexpr int64_t kSize = 32;
  constexpr int kSeeds = 40;
  const Subspace subspaces[] = {{"blockdiag", {{"blocks", "4"}}, 1.0 / 4},
                                {"gate", {}, 1.0 / 32},
                                {"circulant", {}, 1.0 / 32},
                                {"toeplitz", {}, 63.0 / 1024},
                                {"polymul", {}, 32.0 / 1024},
                                {"short_conv", {{"taps", "4"}}, 4.0 / 1024},
                                {"tproduct", {{"faces", "8"}}, 1.0 / 8},
                                {"tproduct", {{"faces", "8"}, {"transform", "dct"}}, 1.0 / 8},
                                {"group_conv", {{"group", "xor"}}, 1.0 / 32},
                                {"group_conv", {{"group", "dihedral"}}, 1.0 / 32}};
  for (const Subspace& subspace : subspaces) {
    double mean = 0;
    for (int seed = 0; seed < kSeeds; ++seed)
      mean += Captured(subspace.name, subspace.parameters,
                       {"random", kSize, Rng(1000 + seed).NormalMatrix(kSize, kSize)}) /
              kSeeds;
    // The captured energy is chi-squared with `share` n^2 degrees of freedom.
    const double deviation = std::sqrt(2 * subspace.share / kSeeds) / kSize;
    EXPECT_NEAR(mean, subspace.share, 4 * deviation) << subspace.name;
  }
}

TEST(ClosedForms, BlocksAndCirculantsOfFlatTransforms) {
  for (const char* target : {"DFT", "WHT"})
    for (const int64_t blocks : {2, 4, 16})
      EXPECT_NEAR(Captured("blockdiag", {{"blocks", std::to_string(blocks)}}, target, 64),
                  1.0 / static_cast<double>(blocks), 1e-12);
  EXPECT_NEAR(Captured("circulant", {}, "DFT", 64), 1.0 / 64, 1e-12);
}

TEST(ClosedForms, CirculantKeepsTwoThirdsOfCausalFiltersOnAverage) {
  constexpr int64_t kSize = 64;
  constexpr int kSeeds = 60;
  double mean = 0;
  for (int seed = 0; seed < kSeeds; ++seed) {
    const Matrix<double> filter = Rng(500 + seed).NormalMatrix(1, kSize);
    Matrix<double> causal(kSize, kSize);
    for (int64_t i = 0; i < kSize; ++i)
      for (int64_t j = 0; j <= i; ++j) causal(i, j) = filter(0, i - j);
    mean += Captured("circulant", {}, {"random", kSize, causal}) / kSeeds;
  }
  EXPECT_NEAR(mean, (2.0 * kSize + 1) / (3.0 * kSize), .02);
}

TEST(ClosedForms, TwoOfFourKeepsTheLargerOrderStatistics) {
  EXPECT_NEAR(Captured("sparse24", {}, "GAUSS", 256), .867553, .004);
  EXPECT_NEAR(Captured("sparse24", {}, "WHT", 256), .5, 1e-12);
  EXPECT_NEAR(Captured("sparse24", {}, "DFT", 256), .5, 1e-12);
  EXPECT_NEAR(Captured("sparse24", {}, "PERM", 256), 1, 1e-12);
}

// A fraction k = 2 Q(t) of the entries beyond t captures 2 (t phi(t) + Q(t)).
double LargestOfGaussian(double fraction) {
  double low = 0, high = 10;
  for (int step = 0; step < 60; ++step) {
    const double t = (low + high) / 2;
    (std::erfc(t / M_SQRT2) > fraction ? low : high) = t;
  }
  return 2 * low * std::exp(-low * low / 2) / std::sqrt(2 * M_PI) + std::erfc(low / M_SQRT2);
}

TEST(ClosedForms, SparseKeepsTheTailOfGaussian) {
  EXPECT_NEAR(LargestOfGaussian(1.0 / 4), .7236, 1e-4);
  for (const int64_t part : {64, 16, 4, 2}) {
    const Parameters count = {{"count", std::to_string(256 * 256 / part)}};
    const double share = 1.0 / static_cast<double>(part);
    EXPECT_NEAR(Captured("ksparse", count, "GAUSS", 256), LargestOfGaussian(share), .005);
    EXPECT_NEAR(Captured("ksparse", count, "WHT", 256), share, 1e-9);
  }
}

TEST(ClosedForms, MonarchKeepsOnePermutedOneOfEachBlock) {
  // 1 - C(n-m, m) / C(n, m): the chance that a block of m rows meets one of m columns.
  double missed = 1;
  for (int i = 0; i < 16; ++i) missed *= (240.0 - i) / (256.0 - i);
  double mean = 0;
  for (int seed = 0; seed < 20; ++seed) {
    const std::vector<int64_t> place = Rng(seed).Permutation(256);
    Matrix<double> permutation(256, 256);
    for (int64_t i = 0; i < 256; ++i) permutation(i, place[i]) = 1;
    mean += Captured("monarch", {}, {"random", 256, permutation}) / 20;
  }
  EXPECT_NEAR(mean, 1 - missed, .01);
}

TEST(ClosedForms, DressedTransformsCaptureFourOverN) {
  EXPECT_NEAR(Captured("dwhtd", {}, "GAUSS", 256) * 256, 4, .3);
  EXPECT_NEAR(Captured("dwhtd", {}, "WHT", 256), 1, 1e-12);
  EXPECT_LT(Captured("wht", {}, "HAAR", 256), 1e-3);
}

TEST(ClosedForms, ToeplitzIsASumOfKroneckerProducts) {
  Matrix<double> toeplitz(64, 64);
  const Matrix<double> filter = Rng(9).NormalMatrix(1, 127);
  for (int64_t i = 0; i < 64; ++i)
    for (int64_t j = 0; j < 64; ++j) toeplitz(i, j) = filter(0, i - j + 63);
  EXPECT_NEAR(Captured("kron", {{"terms", "15"}}, {"random", 64, toeplitz}), 1, 1e-12);
  EXPECT_LT(Captured("kron", {{"terms", "14"}}, {"random", 64, toeplitz}), 1 - 1e-6);
}

// Good and Thomas: with coprime factors the DFT is a Kronecker product up to index maps.
TEST(ClosedForms, DftOfFifteenIsAKroneckerProductInChineseOrder) {
  const Matrix<Complex> dft = DftMatrix(15);
  Matrix<Complex> mapped(15, 15);
  for (int64_t a = 0; a < 15; ++a)
    for (int64_t b = 0; b < 15; ++b)
      mapped(a, b) = dft((10 * (a / 5) + 6 * (a % 5)) % 15, (5 * (b / 5) + 3 * (b % 5)) % 15);
  const CatalogueEntry& kron = **FindFamily("kron");
  const auto family = kron.make(WithDefaults(kron, 15, {}));
  ASSERT_TRUE(family.ok()) << family.status();
  EXPECT_NEAR(CapturedEnergy(mapped, *family->Closest(mapped)), 1, 1e-12);
  EXPECT_LT(CapturedEnergy(dft, *family->Closest(dft)), .9);
}

TEST(ClosedForms, RealPartOfTheTransformKeepsHalfOfTheSpace) {
  constexpr int64_t kRows = 4, kCols = 8;
  Matrix<double> map(kRows * kCols, kRows * kCols);
  const double scale = std::sqrt(static_cast<double>(kRows * kCols));
  const Matrix<Complex> tokens = DftMatrix(kRows), channels = DftMatrix(kCols);
  for (int64_t a = 0; a < kRows * kCols; ++a)
    for (int64_t b = 0; b < kRows * kCols; ++b)
      map(a, b) = scale * (tokens(a / kCols, b / kCols) * channels(a % kCols, b % kCols)).real();
  const auto svd = DecomposeSingular(map);
  ASSERT_TRUE(svd.ok());
  // Four frequencies are their own mirror image: (32 + 4) / 2.
  for (size_t i = 0; i < svd->s.size(); ++i) EXPECT_NEAR(svd->s[i], i < 18 ? scale : 0, 1e-10) << i;
}

TEST(ClosedForms, WaveletsAreOrthonormalAndHaarIsTheTarget) {
  for (const std::string& name : WaveletNames()) {
    const Matrix<double> wavelets = WaveletMatrix(WaveletFilter(name), 2, 32);
    EXPECT_NEAR(Energy(Difference(*Multiply(wavelets, Adjoint(wavelets)), Identity<double>(32))), 0,
                1e-18)
        << name;
  }
  const Matrix<double> haar = WaveletMatrix(WaveletFilter("haar"), 5, 32);
  EXPECT_NEAR(Energy(Difference(haar, HaarWaveletMatrix(32))), 0, 1e-24);
}

TEST(ClosedForms, ProductsOfTilesAreExactWithEnoughTerms) {
  EXPECT_EQ(*ProductTensorCaptured(2, 7), 1);
  EXPECT_EQ(*ProductTensorCaptured(4, 49), 1);
  EXPECT_EQ(*ProductTensorCaptured(3, 27), 1);
  EXPECT_LT(*ProductTensorCaptured(2, 6), 1);
}

struct TileCase {
  int64_t tile, rank;
  double error;  // squared, of t^3
};

TEST(ClosedForms, ProductsOfTilesReachWhatIsKnown) {
  const TileCase cases[] = {{2, 1, 7}, {2, 4, 3.586}, {2, 5, 2.0007}, {2, 6, 1}, {3, 9, 16}};
  for (const TileCase& c : cases) {
    const double products = static_cast<double>(c.tile * c.tile * c.tile);
    EXPECT_NEAR((1 - *ProductTensorCaptured(c.tile, c.rank)) * products, c.error, .05)
        << c.tile << " " << c.rank;
  }
  // Never worse than taking that many of the products.
  EXPECT_GE(*ProductTensorCaptured(4, 24), .46);
}

}  // namespace
}  // namespace basisbench
