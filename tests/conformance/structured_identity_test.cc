// SPDX-License-Identifier: Apache-2.0
// Structured maps that are settings of each other: with the same numbers in the same places, both
// operators' plans give the same matrix, up to a permutation of outputs. No reference is asked.
#include <cmath>
#include <map>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "tests/conformance/given_matrix.h"

namespace basisbench {
namespace {

constexpr int64_t kSide = 64;

std::vector<double> Matrix(const std::string& name, std::map<std::string, std::string> parameters,
                           const Value& value) {
  return MatrixOf({name, std::move(parameters), value}, kSide);
}

TEST(StructuredIdentityTest, MonarchOfOrderTwoIsMonarch) {
  ExpectSame(Matrix("monarch_p", {{"order", "2"}}, Number), Matrix("monarch", {}, Number));
}

TEST(StructuredIdentityTest, MonarchIsAStridedBlockTensorTrain) {
  constexpr int64_t kBlocks = 4, kDepth = 3, kOut = kSide / kBlocks;
  const auto as_btt = [](absl::string_view tensor, int64_t row, int64_t col) {
    if (tensor == "a") {  // rows (k, l, r) from (k, r, l)
      const int64_t r = row % kDepth, l = row / kDepth % kBlocks, k = row / (kDepth * kBlocks);
      return Number("w1", (k * kDepth + r) * kBlocks + l, col);
    }
    const int64_t k = col % kBlocks, r = col / kBlocks;  // columns (r, k) from (k, r)
    return Number("w2", row, k * kDepth + r);
  };
  const auto monarch = Matrix("monarch", {{"blocks", "4"}, {"depth", "3"}}, Number);
  const auto btt = Matrix("btt", {{"gamma", "4"}, {"phi", "4"}, {"rank", "3"}}, as_btt);
  ASSERT_EQ(monarch.size(), btt.size());
  ExpectEntries(btt, [&](int64_t i, int64_t j) {
    return monarch[i * kSide + j % kOut * kBlocks + j / kOut];
  });
}

TEST(StructuredIdentityTest, MonarchOfOrderSixIsAButterfly) {
  const auto as_butterfly = [](absl::string_view, int64_t row, int64_t col) {
    return Number("w" + std::to_string(row / kSide + 1), row % kSide, col);
  };
  ExpectSame(Matrix("butterfly", {}, as_butterfly), Matrix("monarch_p", {{"order", "6"}}, Number));
}

TEST(StructuredIdentityTest, BlockButterflyOfSingleElementsIsAButterfly) {
  const auto as_butterfly = [](absl::string_view, int64_t row, int64_t col) {
    return Number("w" + std::to_string(row / kSide + 1), row % kSide, col);
  };
  ExpectSame(Matrix("butterfly", {}, as_butterfly),
             Matrix("block_butterfly", {{"block", "1"}}, Number));
}

TEST(StructuredIdentityTest, ButterflyOfHadamardBlocksIsTheWalshHadamardTransform) {
  const auto sign = [](absl::string_view, int64_t row, int64_t col) {
    return row % 2 == 1 && col == 1 ? -std::sqrt(0.5) : std::sqrt(0.5);
  };
  ExpectSame(Matrix("butterfly", {}, sign), Matrix("wht", {}, Number));
}

TEST(StructuredIdentityTest, KroneckerProductOfHadamardMatricesIsTheWalshHadamardTransform) {
  const auto sign = [](absl::string_view, int64_t row, int64_t col) {
    const bool odd = __builtin_popcountll(static_cast<uint64_t>(row & col)) % 2 != 0;
    return (odd ? -1 : 1) * std::pow(kSide, -0.25);
  };
  ExpectSame(Matrix("kron", {}, sign), Matrix("wht", {}, Number));
}

TEST(StructuredIdentityTest, EinsumOfWholeSidesIsLowRank) {
  const auto as_einsum = [](absl::string_view tensor, int64_t row, int64_t col) {
    return Number(tensor == "a" ? "u" : "v", col, row);
  };
  ExpectSame(Matrix("einsum", {{"alpha", "64"}, {"epsilon", "64"}, {"rho", "5"}}, as_einsum),
             Matrix("lowrank", {{"rank", "5"}}, Number));
}

TEST(StructuredIdentityTest, EinsumOfOneInputAndOutputBlockIsKron) {
  ExpectSame(
      Matrix("einsum", {{"gamma", "1"}, {"beta", "4"}, {"phi", "1"}, {"delta", "16"}, {"rho", "2"}},
             Number),
      Matrix("kron", {{"terms", "2"}, {"beta", "4"}, {"epsilon", "4"}}, Number));
}

TEST(StructuredIdentityTest, BlockDiagonalOfOneBlockIsADenseProduct) {
  const auto transposed = [](absl::string_view tensor, int64_t row, int64_t col) {
    return Number(tensor, col, row);
  };
  ExpectSame(Matrix("blockdiag", {{"blocks", "1"}}, transposed), Matrix("matmul", {}, Number));
}

}  // namespace
}  // namespace basisbench
