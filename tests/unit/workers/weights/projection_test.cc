// SPDX-License-Identifier: Apache-2.0
// Projections against what the operators themselves can apply: a member of the class is kept whole,
// and the residue of anything else is orthogonal to the class or no smaller for any other member.
#include "workers/weights/projection.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "tests/fakes/status_matchers.h"
#include "workers/expressiveness/lapack.h"
#include "workers/operators/operands.h"
#include "workers/operators/partition.h"
#include "workers/operators/registry.h"
#include "workers/weights/survey.h"

namespace basisbench {
namespace {

using Dense = Matrix<double>;

Dense Random(int64_t rows, int64_t cols, uint64_t seed) {
  const TensorValues values(seed, "random", Distribution::kNormal);
  Dense matrix(rows, cols);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < cols; ++j) matrix(i, j) = values.At(i, j);
  return matrix;
}

// The seeded weights with the identity for X.
class UnitInputs : public Operands {
 public:
  explicit UnitInputs(const Operands& others) : others_(others) {}
  double At(absl::string_view tensor, int64_t row, int64_t col) const override {
    return tensor == "x" ? (row == col ? 1.0 : 0.0) : others_.At(tensor, row, col);
  }

 private:
  const Operands& others_;
};

// What an operator with random weights does to every unit input.
Dense MatrixOf(const Operator& op, const Problem& problem, uint64_t seed) {
  const SeededOperands operands(op, problem, Distribution::kNormal, seed);
  const auto [tokens, d_in, d_out] = problem.shape;
  const auto y = op.ReferenceRows(problem, UnitInputs(operands), IndicesOf({0, d_in}));
  Dense matrix(d_in, d_out);
  std::copy(y.begin(), y.end(), matrix.data());
  return matrix;
}

struct Case {
  const Operator* op;
  Problem problem;
};

// Every projectable operator that is there, at the shapes it can do.
std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const std::string& name : ProjectableOperators()) {
    const auto op = FindOperator(name);
    if (!op.ok()) continue;
    for (const auto& [d_in, d_out] : {std::pair<int64_t, int64_t>{16, 16}, {24, 36}, {64, 16}}) {
      Problem problem;
      problem.operator_name = name;
      problem.shape = {d_in, d_in, d_out};
      problem.dtype = Dtype::kF64;
      const auto resolved = (*op)->Resolve(problem);
      if (resolved.ok()) cases.push_back({*op, *resolved});
    }
  }
  return cases;
}

std::string Text(const Case& one) {
  return absl::StrCat(one.problem.operator_name, " ", one.problem.shape.d_in, "x",
                      one.problem.shape.d_out);
}

WeightProjection Projected(const Case& one, const Dense& weight, const Dense* root = nullptr) {
  const auto projection =
      ProjectWeight({one.problem.operator_name, one.problem.parameters}, weight, root);
  EXPECT_THAT(projection, IsOk()) << Text(one);
  return projection.ok() ? *projection : WeightProjection{};
}

TEST(Projection, KeepsAMemberWhole) {
  ASSERT_FALSE(Cases().empty());
  for (const Case& one : Cases()) {
    // 2:4 sparse weights choose their places themselves: any dense matrix stands for its member.
    const Dense weight = MatrixOf(*one.op, one.problem, 3);
    EXPECT_NEAR(Projected(one, weight).captured, 1, 1e-12) << Text(one);
  }
}

TEST(Projection, LosesSomeOfAnythingElse) {
  for (const Case& one : Cases()) {
    if (one.problem.operator_name == "matmul") continue;
    const Dense weight = Random(one.problem.shape.d_in, one.problem.shape.d_out, 5);
    const WeightProjection projection = Projected(one, weight);
    EXPECT_LT(projection.captured, 0.95) << Text(one);
    EXPECT_GT(projection.captured, 0) << Text(one);
    // Projecting again changes nothing.
    EXPECT_NEAR(Projected(one, projection.member).captured, 1, 1e-12) << Text(one);
  }
}

// A member moved towards another one is no closer.
TEST(Projection, NoNeighbourInTheClassIsCloser) {
  for (const Case& one : Cases()) {
    const Dense weight = Random(one.problem.shape.d_in, one.problem.shape.d_out, 7);
    const Dense best = Projected(one, weight).member;
    for (uint64_t seed = 11; seed < 15; ++seed) {
      Dense moved = Random(one.problem.shape.d_in, one.problem.shape.d_out, seed);
      for (int64_t i = 0; i < moved.rows(); ++i)
        for (int64_t j = 0; j < moved.cols(); ++j) moved(i, j) = best(i, j) + 0.01 * moved(i, j);
      const Dense neighbour = Projected(one, moved).member;
      EXPECT_GE(Energy(Difference(weight, neighbour)),
                Energy(Difference(weight, best)) * (1 - 1e-12))
          << Text(one);
    }
  }
}

TEST(Projection, HasTheClosedFormsOfMasksAndRanks) {
  // Blocks and diagonals of an all-ones matrix.
  Dense ones(12, 12);
  std::fill_n(ones.data(), 144, 1.0);
  EXPECT_NEAR(ProjectWeight({"blockdiag", {{"blocks", "3"}}}, ones, nullptr)->captured, 1.0 / 3,
              1e-14);
  EXPECT_NEAR(ProjectWeight({"sparse24", {}}, ones, nullptr)->captured, 0.5, 1e-14);
  EXPECT_NEAR(ProjectWeight({"toeplitz", {}}, ones, nullptr)->captured, 1, 1e-14);
  EXPECT_NEAR(ProjectWeight({"polymul", {}}, ones, nullptr)->captured, 78.0 / 144, 1e-14);
  // A permutation has equal singular values: rank r keeps r / n.
  Dense turn(10, 10);
  for (int64_t i = 0; i < 10; ++i) turn(i, (i + 3) % 10) = 1;
  EXPECT_NEAR(ProjectWeight({"lowrank", {{"rank", "4"}}}, turn, nullptr)->captured, 0.4, 1e-12);
  EXPECT_NEAR(ProjectWeight({"circulant", {}}, turn, nullptr)->captured, 1, 1e-14);
}

TEST(Projection, RefusesWhatItHasNoFormFor) {
  const Dense weight = Random(8, 8, 1);
  EXPECT_THAT(ProjectWeight({"softmax_attention", {}}, weight, nullptr),
              Fails(absl::StatusCode::kUnimplemented, "softmax_attention has no projection"));
  EXPECT_THAT(ProjectWeight({"toeplitz", {}}, weight, &weight),
              Fails(absl::StatusCode::kUnimplemented, "for correlated inputs"));
  EXPECT_THAT(ProjectWeight({"matmul", {}}, Dense(4, 4), nullptr),
              Fails(absl::StatusCode::kInvalidArgument, "all zeros"));
}

// A positive definite matrix with unlike eigenvalues.
Dense SomeCovariance(int64_t n) {
  Dense factor = Random(n, n, 17);
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < n; ++j) factor(i, j) /= static_cast<double>(1 + i);
  return *Multiply(Adjoint(factor), factor);
}

TEST(Covariance, RootSquaresToIt) {
  const Dense covariance = SomeCovariance(12);
  const auto root = CovarianceRoot(covariance);
  ASSERT_THAT(root, IsOk());
  EXPECT_LT(Energy(Difference(*Multiply(Adjoint(*root), *root), covariance)),
            1e-24 * Energy(covariance));
  Dense bad = covariance;
  bad(3, 5) += 1;
  EXPECT_THAT(CovarianceRoot(bad), Fails(absl::StatusCode::kInvalidArgument, "symmetric"));
  bad = covariance;
  for (int64_t i = 0; i < 12; ++i) bad(i, i) -= 2;
  EXPECT_THAT(CovarianceRoot(bad),
              Fails(absl::StatusCode::kInvalidArgument, "negative eigenvalues"));
  EXPECT_THAT(CovarianceRoot(Dense(3, 4)), Fails(absl::StatusCode::kInvalidArgument, "not square"));
}

// Under a covariance the residue is orthogonal, in its metric, to every block diagonal matrix; the
// white solution loses more.
TEST(Covariance, ChangesWhatIsBest) {
  const Dense weight = Random(12, 8, 19), covariance = SomeCovariance(12);
  const Dense root = *CovarianceRoot(covariance);
  for (const ProjectionRequest& request :
       {ProjectionRequest{"blockdiag", {{"blocks", "4"}}}, {"lowrank", {{"rank", "3"}}}}) {
    const auto weighted = ProjectWeight(request, weight, &root);
    const auto white = ProjectWeight(request, weight, nullptr);
    ASSERT_THAT(weighted, IsOk());
    ASSERT_THAT(white, IsOk());
    const auto kept = [&](const Dense& member) {
      return 1 -
             Energy(*Multiply(root, Difference(weight, member))) / Energy(*Multiply(root, weight));
    };
    EXPECT_NEAR(weighted->captured, kept(weighted->member), 1e-12);
    EXPECT_GT(weighted->captured, kept(white->member) + 1e-3) << request.operator_name;
    if (request.operator_name != "blockdiag") continue;
    const Dense residue = *Multiply(covariance, Difference(weight, weighted->member));
    for (int64_t i = 0; i < 12; ++i) {
      for (int64_t j = 0; j < 2; ++j) EXPECT_NEAR(residue(i, i / 3 * 2 + j), 0, 1e-9);
    }
  }
}

TEST(Requests, AreReadAsOnTheCommandLine) {
  const auto requests = ParseRequests("matmul,monarch{blocks=4,depth=2},lowrank{}");
  ASSERT_THAT(requests, IsOk());
  ASSERT_EQ(requests->size(), 3);
  EXPECT_EQ((*requests)[1].operator_name, "monarch");
  EXPECT_THAT(
      (*requests)[1].parameters,
      testing::UnorderedElementsAre(testing::Pair("blocks", "4"), testing::Pair("depth", "2")));
  for (const char* bad : {"", "a,,b", "a{b=1", "a}b", "a{b}", "a{b=1}c", "a{{b=1}}", "a{=1}"})
    EXPECT_THAT(ParseRequests(bad), Fails(absl::StatusCode::kInvalidArgument, bad)) << bad;
}

}  // namespace
}  // namespace basisbench
