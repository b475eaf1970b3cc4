// SPDX-License-Identifier: Apache-2.0
// What tokens after a cut see of those before it has gone through the state: the mixing matrix of a
// selective state space is semiseparable. No reference is asked.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "services/base/status_macros.h"
#include "tests/conformance/applied.h"
#include "tests/conformance/case_list.h"
#include "tests/conformance/ranks.h"
#include "workers/operators/registry.h"

namespace basisbench {
namespace {

constexpr int64_t kTokens = 41, kWidth = 32, kHeads = 2, kState = 3;
constexpr int64_t kOfHead = kWidth / kHeads;

// The matrix of one head from what the plan makes of unit vectors, as many at a time as the head
// has channels; row for the output token.
absl::StatusOr<std::vector<Dense>> MixingMatrices(CaseRun& run) {
  std::vector<Dense> matrices(kHeads, Dense(kTokens * kTokens, 0.0));
  for (int64_t first = 0; first < kTokens; first += kOfHead) {
    const int64_t units = std::min(kOfHead, kTokens - first);
    Dense x(kTokens * kWidth, 0.0);
    for (int64_t i = 0; i < units; ++i) {
      for (int64_t head = 0; head < kHeads; ++head)
        x[(first + i) * kWidth + head * kOfHead + i] = 1;
    }
    BB_ASSIGN_OR_RETURN(const Dense y, Apply(run, x));
    for (int64_t token = 0; token < kTokens; ++token) {
      for (int64_t head = 0; head < kHeads; ++head) {
        for (int64_t i = 0; i < units; ++i)
          matrices[head][token * kTokens + first + i] = y[token * kWidth + head * kOfHead + i];
      }
    }
  }
  return matrices;
}

// Rows `row` ... to the last, columns 0 ... cols - 1.
Dense Corner(const Dense& matrix, int64_t row, int64_t cols) {
  Dense corner;
  for (int64_t i = row; i < kTokens; ++i)
    corner.insert(corner.end(), &matrix[i * kTokens], &matrix[i * kTokens] + cols);
  return corner;
}

absl::Status CheckRanks(CaseRun& run) {
  BB_ASSIGN_OR_RETURN(const std::vector<Dense> matrices, MixingMatrices(run));
  for (const Dense& matrix : matrices) {
    for (int64_t cut = 1; cut < kTokens; ++cut) {
      const int64_t expected = std::min({kState, cut, kTokens - cut});
      const int64_t rank = RankOf(Corner(matrix, cut, cut), cut);
      if (rank != expected)
        return absl::InternalError(absl::StrCat("rank ", rank, " below token ", cut, ", not ",
                                                expected, " as the state has"));
    }
    // A block with some of the diagonal is of a higher rank: what is counted above is no accident.
    if (const int64_t rank = RankOf(Corner(matrix, 20, 24), 24); rank <= kState)
      return absl::InternalError(absl::StrCat("rank ", rank, " across the diagonal"));
  }
  return absl::OkStatus();
}

TEST(ScanIdentityTest, StateSpacesAreSemiseparable) {
  const Operator& op = **FindOperator("ssm");
  for (const std::string& sharding : op.description().shardings) {
    for (const int ranks : RankCounts()) {
      Problem problem{.operator_name = "ssm"};
      problem.parameters = {
          {"heads", absl::StrCat(kHeads)}, {"state", absl::StrCat(kState)}, {"chunk", "8"}};
      problem.shape = {kTokens, kWidth, kWidth};
      problem.dtype = Dtype::kF64;
      problem.sharding = sharding;
      problem.ranks = ranks;
      const auto resolved = op.Resolve(problem);
      ASSERT_TRUE(resolved.ok()) << resolved.status();
      const absl::Status outcome = RunRanks(ranks, [&](Communicator& communicator) -> absl::Status {
        BB_ASSIGN_OR_RETURN(const auto run, CaseRun::Make(op, *resolved, communicator));
        return CheckRanks(*run);
      });
      EXPECT_TRUE(outcome.ok()) << Describe(*resolved) << ": " << outcome;
    }
  }
}

}  // namespace
}  // namespace basisbench
