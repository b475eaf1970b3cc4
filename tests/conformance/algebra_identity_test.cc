// SPDX-License-Identifier: Apache-2.0
// Products of algebras against what their names say: the group's table out of permutations, the
// transforms and dense products of other operators' plans. No reference is asked.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "gtest/gtest.h"
#include "tests/conformance/given_matrix.h"

namespace basisbench {
namespace {

constexpr int64_t kSide = 64;

// x a for a row x.
std::vector<double> Times(const std::vector<double>& x, const std::vector<double>& a) {
  const auto side = static_cast<int64_t>(x.size());
  std::vector<double> y(x.size(), 0.0);
  for (int64_t i = 0; i < side; ++i)
    for (int64_t j = 0; j < side; ++j) y[j] += x[i] * a[i * side + j];
  return y;
}

std::vector<double> RowOf(const std::vector<double>& a, int64_t row, int64_t side) {
  return {a.begin() + row * side, a.begin() + (row + 1) * side};
}

// The only weight of an operator, a row.
std::vector<double> Filter(int64_t side) {
  std::vector<double> w;
  for (int64_t t = 0; t < side; ++t) w.push_back(Number("w", 0, t));
  return w;
}

// basis diag(factors) basis^T, for an orthogonal basis whose columns are its vectors.
void ExpectDiagonalIn(const std::vector<double>& basis, const std::vector<double>& factors,
                      const std::vector<double>& a) {
  ExpectEntries(a, [&](int64_t i, int64_t j) {
    double sum = 0;
    for (int64_t q = 0; q < kSide; ++q)
      sum += basis[i * kSide + q] * factors[q] * basis[j * kSide + q];
    return sum;
  });
}

TEST(AlgebraIdentityTest, ConvolutionOfBitsIsDiagonalInTheWalshHadamardBasis) {
  const auto wht = MatrixOf({"wht"}, kSide);
  const auto convolution = MatrixOf({"group_conv", {{"group", "xor"}}}, kSide);
  std::vector<double> factors = Times(Filter(kSide), wht);
  for (double& factor : factors) factor *= std::sqrt(static_cast<double>(kSide));
  ExpectDiagonalIn(wht, factors, convolution);
}

TEST(AlgebraIdentityTest, ConvolutionOverACyclicGroupIsACirculant) {
  ExpectSame(MatrixOf({"group_conv"}, kSide), MatrixOf({"circulant"}, kSide));
  ExpectSame(MatrixOf({"group_conv"}, 15), MatrixOf({"circulant"}, 15));
}

// Where each corner of a polygon goes.
using Permutation = std::vector<int64_t>;

// First q, then p.
Permutation After(const Permutation& p, const Permutation& q) {
  Permutation out;
  for (const int64_t corner : q) out.push_back(p[corner]);
  return out;
}

// r^k s^e in the order of k + e corners; r turns by one corner, s mirrors.
std::vector<Permutation> SymmetriesOfPolygon(int64_t corners) {
  Permutation turn, mirror, here(corners);
  for (int64_t c = 0; c < corners; ++c) {
    turn.push_back((c + 1) % corners);
    mirror.push_back((corners - c) % corners);
  }
  std::iota(here.begin(), here.end(), 0);
  std::vector<Permutation> all;
  for (const Permutation& first : {here, mirror}) {
    all.push_back(first);
    for (int64_t k = 1; k < corners; ++k) all.push_back(After(turn, all.back()));
  }
  return all;
}

void ExpectDihedralIs(const std::vector<Permutation>& group) {
  const auto side = static_cast<int64_t>(group.size());
  ASSERT_EQ(std::set<Permutation>(group.begin(), group.end()).size(), group.size());
  const auto a = MatrixOf({"group_conv", {{"group", "dihedral"}}}, side);
  std::vector<double> expected(a.size(), 0.0);
  for (int64_t g = 0; g < side; ++g) {
    for (int64_t h = 0; h < side; ++h) {
      const auto product = std::find(group.begin(), group.end(), After(group[g], group[h]));
      ASSERT_NE(product, group.end());
      expected[h * side + (product - group.begin())] = Number("w", 0, g);
    }
  }
  ExpectSame(a, expected);
}

TEST(AlgebraIdentityTest, DihedralConvolutionFollowsTheTableOfThePolygonsSymmetries) {
  for (const int64_t corners : {5, 12, 32}) ExpectDihedralIs(SymmetriesOfPolygon(corners));
}

TEST(AlgebraIdentityTest, TheDihedralGroupOfATriangleIsThatOfAllPermutations) {
  const std::vector<Permutation> group = SymmetriesOfPolygon(3);
  Permutation permutation = {0, 1, 2};
  do {
    EXPECT_EQ(std::count(group.begin(), group.end(), permutation), 1);
  } while (std::next_permutation(permutation.begin(), permutation.end()));
  EXPECT_NE(After(group[1], group[3]), After(group[3], group[1]));
  ExpectDihedralIs(group);
}

// (a b) x = a (b x).
TEST(AlgebraIdentityTest, ConvolutionOverAGroupIsAssociative) {
  for (const char* group : {"cyclic", "xor", "dihedral"}) {
    const auto number_of_b = [](absl::string_view, int64_t, int64_t col) {
      return Number("b", 0, col);
    };
    const auto a = MatrixOf({"group_conv", {{"group", group}}}, kSide);
    const auto b = MatrixOf({"group_conv", {{"group", group}}, number_of_b}, kSide);
    std::vector<double> product;
    for (int64_t t = 0; t < kSide; ++t) product.push_back(Number("b", 0, t));
    product = Times(product, a);
    const auto of_product = [&](absl::string_view, int64_t, int64_t col) { return product[col]; };
    const auto ab = MatrixOf({"group_conv", {{"group", group}}, of_product}, kSide);
    std::vector<double> one_after_the_other;
    for (int64_t i = 0; i < kSide; ++i) {
      const std::vector<double> row = Times(RowOf(b, i, kSide), a);
      one_after_the_other.insert(one_after_the_other.end(), row.begin(), row.end());
    }
    ExpectSame(ab, one_after_the_other);
  }
}

TEST(AlgebraIdentityTest, TheTProductIsABlockCirculantMatrix) {
  constexpr int64_t kFaces = 8, kTubes = kSide / kFaces;
  const auto a = MatrixOf({"tproduct", {{"faces", "8"}}}, kSide);
  ExpectEntries(a, [](int64_t input, int64_t output) {
    const int64_t tube = output / kFaces * kTubes + input / kFaces;
    return Number("w", tube, (output % kFaces - input % kFaces + kFaces) % kFaces);
  });
}

TEST(AlgebraIdentityTest, TheTProductOfOneTubeIsACirculant) {
  ExpectSame(MatrixOf({"tproduct", {{"faces", "64"}}}, kSide), MatrixOf({"circulant"}, kSide));
}

TEST(AlgebraIdentityTest, TheTProductOfOneFaceIsADenseProduct) {
  const auto as_dense = [](absl::string_view, int64_t row, int64_t col) {
    return Number("w", col * kSide + row, 0);
  };
  for (const char* transform : {"dft", "dct"}) {
    ExpectSame(MatrixOf({"tproduct", {{"faces", "1"}, {"transform", transform}}}, kSide),
               MatrixOf({"matmul", {}, as_dense}, kSide));
  }
}

TEST(AlgebraIdentityTest, TheCosineTProductOfOneTubeIsDiagonalInTheCosineBasis) {
  const auto dct = MatrixOf({"dct"}, kSide);
  const auto a = MatrixOf({"tproduct", {{"faces", "64"}, {"transform", "dct"}}}, kSide);
  ExpectDiagonalIn(dct, Times(Filter(kSide), dct), a);
}

TEST(AlgebraIdentityTest, TwoOfFourIsADenseProductWithAMask) {
  const auto ones = [](absl::string_view, int64_t, int64_t) { return 1.0; };
  const auto mask = MatrixOf({"sparse24", {{"seed", "3"}}, ones}, kSide);
  std::vector<double> weights(kSide * kSide, 0.0);
  for (int64_t output = 0; output < kSide; ++output) {
    int64_t kept = 0;
    for (int64_t input = 0; input < kSide; ++input) {
      if (mask[input * kSide + output] != 0)
        weights[input * kSide + output] = Number("w", output, kept++);
      const bool group_ends = input % 4 == 3;
      ASSERT_TRUE(!group_ends || kept == (input + 1) / 2) << "input " << input;
    }
  }
  const auto masked = [&](absl::string_view, int64_t row, int64_t col) {
    return weights[row * kSide + col];
  };
  ExpectSame(MatrixOf({"sparse24", {{"seed", "3"}}}, kSide),
             MatrixOf({"matmul", {}, masked}, kSide));
  EXPECT_NE(mask, MatrixOf({"sparse24", {{"seed", "4"}}, ones}, kSide));
}

}  // namespace
}  // namespace basisbench
