// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/given_matrix.h"

#include <cmath>
#include <utility>

#include "gtest/gtest.h"
#include "services/base/status_macros.h"
#include "tests/conformance/ranks.h"
#include "tests/conformance/run_case.h"
#include "workers/operators/registry.h"

namespace basisbench {
namespace {

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

int64_t SideOf(const std::vector<double>& square) {
  return std::llround(std::sqrt(static_cast<double>(square.size())));
}

}  // namespace

double Number(absl::string_view tensor, int64_t row, int64_t col) {
  return TensorValues(5, tensor, Distribution::kNormal).At(row, col) / 4;
}

std::vector<double> MatrixOf(const GivenOperator& given, int64_t side) {
  const auto op = FindOperator(given.name);
  EXPECT_TRUE(op.ok()) << op.status();
  Problem problem{.operator_name = given.name, .parameters = given.parameters};
  problem.shape = {side, side, side};
  problem.dtype = Dtype::kF64;
  problem.ranks = RankCounts().back();
  const auto resolved = (*op)->Resolve(problem);
  EXPECT_TRUE(resolved.ok()) << resolved.status();
  // Of each rank; those of other processes stay empty here.
  std::vector<std::vector<double>> matrices(problem.ranks);
  const absl::Status outcome =
      RunRanks(problem.ranks, [&](Communicator& communicator) -> absl::Status {
        BB_ASSIGN_OR_RETURN(const auto run, CaseRun::Make(**op, *resolved, communicator));
        run->Fill(Given(given.value));
        BB_RETURN_IF_ERROR(run->Run());
        BB_ASSIGN_OR_RETURN(const auto held, GatherOutputs(*run));
        BB_ASSIGN_OR_RETURN(matrices[communicator.rank()], Merge(held));
        return absl::OkStatus();
      });
  EXPECT_TRUE(outcome.ok()) << given.name << ": " << outcome;
  for (std::vector<double>& matrix : matrices)
    if (!matrix.empty()) return std::move(matrix);
  return {};
}

void ExpectSame(const std::vector<double>& a, const std::vector<double>& b) {
  ASSERT_EQ(a.size(), b.size());
  const int64_t side = SideOf(a);
  ExpectEntries(a, [&](int64_t i, int64_t j) { return b[i * side + j]; });
}

void ExpectEntries(const std::vector<double>& a,
                   const std::function<double(int64_t, int64_t)>& entry) {
  const int64_t side = SideOf(a);
  ASSERT_GT(side, 0);
  double size = 0;
  for (const double value : a) size += value * value;
  const double allowed = 1e-13 * std::sqrt(size);
  for (size_t at = 0; at < a.size(); ++at) {
    const auto row = static_cast<int64_t>(at) / side, col = static_cast<int64_t>(at) % side;
    ASSERT_NEAR(a[at], entry(row, col), allowed) << "row " << row << " col " << col;
  }
}

}  // namespace basisbench
