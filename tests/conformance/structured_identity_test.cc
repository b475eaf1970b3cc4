// SPDX-License-Identifier: Apache-2.0
// Structured maps that are settings of each other: with the same numbers in the same places, both
// operators' plans give the same matrix, up to a permutation of outputs. No reference is asked.
#include <cmath>
#include <functional>

#include "gtest/gtest.h"
#include "services/base/status_macros.h"
#include "tests/conformance/ranks.h"
#include "tests/conformance/run_case.h"
#include "workers/operators/registry.h"

namespace basisbench {
namespace {

constexpr int64_t kSide = 64;

using Value = std::function<double(absl::string_view tensor, int64_t row, int64_t col)>;

// X the identity, weights from a function.
class Given : public Operands {
 public:
  explicit Given(Value value) : value_(std::move(value)) {}
  double At(absl::string_view tensor, int64_t row, int64_t col) const override {
    return tensor == "x" ? (row == col ? 1.0 : 0.0) : value_(tensor, row, col);
  }

 private:
  const Value value_;
};

// Numbers of order one: different for every place and tensor.
double Number(absl::string_view tensor, int64_t row, int64_t col) {
  return TensorValues(5, tensor, Distribution::kNormal).At(row, col) / 4;
}

// The operator's matrix on a side of kSide, row for input; empty on ranks but the first.
std::vector<double> Matrix(const std::string& name, std::map<std::string, std::string> parameters,
                           const Value& value) {
  const auto op = FindOperator(name);
  EXPECT_TRUE(op.ok()) << op.status();
  Problem problem{.operator_name = name, .parameters = std::move(parameters)};
  problem.shape = {kSide, kSide, kSide};
  problem.dtype = Dtype::kF64;
  problem.ranks = RankCounts().back();
  const auto resolved = (*op)->Resolve(problem);
  EXPECT_TRUE(resolved.ok()) << resolved.status();
  std::vector<double> matrix;
  const absl::Status outcome =
      RunRanks(problem.ranks, [&](Communicator& communicator) -> absl::Status {
        BB_ASSIGN_OR_RETURN(const auto run, CaseRun::Make(**op, *resolved, communicator));
        run->Fill(Given(value));
        BB_RETURN_IF_ERROR(run->Run());
        BB_ASSIGN_OR_RETURN(const auto held, GatherOutputs(*run));
        if (communicator.rank() != 0) return absl::OkStatus();
        BB_ASSIGN_OR_RETURN(matrix, Merge(held));
        return absl::OkStatus();
      });
  EXPECT_TRUE(outcome.ok()) << name << ": " << outcome;
  return matrix;
}

// Column `place(j)` of `a` is column j of `b`.
void ExpectSame(
    const std::vector<double>& a, const std::vector<double>& b,
    const std::function<int64_t(int64_t)>& place = [](int64_t j) { return j; }) {
  ASSERT_EQ(a.size(), b.size());
  double size = 0;
  for (const double value : b) size += value * value;
  const double allowed = 1e-13 * std::sqrt(size);
  for (size_t at = 0; at < b.size(); ++at) {
    const auto row = static_cast<int64_t>(at) / kSide, col = static_cast<int64_t>(at) % kSide;
    ASSERT_NEAR(a[row * kSide + place(col)], b[at], allowed) << "row " << row << " col " << col;
  }
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
  ExpectSame(monarch, btt, [](int64_t j) { return j % kOut * kBlocks + j / kOut; });
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
