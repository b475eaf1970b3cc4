// SPDX-License-Identifier: Apache-2.0
// The declared least that has to cross between ranks is what linear algebra says: the rank of the
// part of the matrix that leads from what one rank holds to what others own. The matrix is the
// reference's, with weights in general position.
#include <algorithm>
#include <set>

#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "services/base/status_macros.h"
#include "tests/conformance/applied.h"
#include "tests/conformance/case_list.h"
#include "tests/conformance/ranks.h"
#include "workers/operators/partition.h"
#include "workers/operators/registry.h"

namespace basisbench {
namespace {

struct Map {
  std::string op;
  std::map<std::string, std::string> parameters;
  int64_t in, out;
};

const std::vector<Map>& Maps() {
  static const auto& maps = *new std::vector<Map>{
      {"monarch", {{"blocks", "6"}, {"depth", "2"}}, 36, 24},
      {"btt", {{"gamma", "6"}, {"phi", "4"}}, 24, 36},
      {"btt", {{"gamma", "4"}, {"phi", "3"}, {"rank", "2"}}, 40, 12},
      {"butterfly", {}, 32, 32},
      {"block_butterfly", {{"block", "3"}}, 48, 48},
      {"monarch_p", {}, 60, 60},
      {"kron", {}, 36, 36},
      {"kron", {{"beta", "8"}, {"epsilon", "2"}}, 24, 20},
      {"kron", {{"beta", "6"}, {"epsilon", "3"}, {"terms", "2"}}, 30, 33},
      {"einsum", {{"beta", "3"}, {"gamma", "5"}, {"delta", "7"}, {"phi", "2"}}, 30, 28},
      {"einsum", {{"beta", "5"}, {"gamma", "2"}, {"delta", "2"}, {"phi", "7"}}, 30, 28},
      {"einsum", {{"beta", "2"}, {"gamma", "4"}, {"delta", "2"}, {"phi", "4"}}, 32, 48},
  };
  return maps;
}

// From what this rank holds of a row of X to what it does not own of Y.
int64_t RankToOthers(CaseRun& run, const Dense& matrix, int64_t width) {
  std::vector<int64_t> held;
  for (const Shard& shard : run.plan().Inputs())
    if (shard.tensor == "x") held = shard.cols;
  const Shard output = run.plan().Outputs().front();
  const std::set<int64_t> own(output.cols.begin(), output.cols.end());
  Dense part;
  for (const int64_t row : held) {
    for (int64_t col = 0; col < width; ++col)
      if (own.count(col) == 0) part.push_back(matrix[row * width + col]);
  }
  return RankOf(part, width - static_cast<int64_t>(own.size()));
}

class LowerBoundTest : public testing::TestWithParam<Map> {};

TEST_P(LowerBoundTest, IsTheRankOfWhatLeavesARank) {
  const Operator& op = **FindOperator(GetParam().op);
  for (const int ranks : RankCounts()) {
    Problem problem{.operator_name = GetParam().op, .parameters = GetParam().parameters};
    problem.shape = {GetParam().in, GetParam().in, GetParam().out};
    problem.dtype = Dtype::kF64;
    problem.sharding = "all_to_all";
    problem.ranks = ranks;
    const auto resolved = op.Resolve(problem);
    ASSERT_TRUE(resolved.ok()) << resolved.status();
    const SeededOperands operands(op, *resolved, Distribution::kNormal, 97);
    const Dense matrix =
        op.ReferenceRows(*resolved, IdentityX(operands), IndicesOf({0, GetParam().in}));
    const absl::Status outcome = RunRanks(ranks, [&](Communicator& communicator) -> absl::Status {
      BB_ASSIGN_OR_RETURN(const auto run, CaseRun::Make(op, *resolved, communicator));
      std::vector<double> crosses(ranks);
      crosses[communicator.rank()] =
          static_cast<double>(RankToOthers(*run, matrix, GetParam().out));
      BB_RETURN_IF_ERROR(
          communicator.AllGather(Dtype::kF64, crosses.data(), PartsOf(ranks, ranks)));
      const double words = *std::max_element(crosses.begin(), crosses.end());
      EXPECT_EQ(op.Cost(*resolved).wire_bytes_lower_bound,
                8 * words * static_cast<double>(problem.shape.tokens))
          << Describe(*resolved);
      return absl::OkStatus();
    });
    EXPECT_TRUE(outcome.ok()) << outcome;
  }
}

INSTANTIATE_TEST_SUITE_P(Maps, LowerBoundTest, testing::ValuesIn(Maps()), [](const auto& info) {
  std::string name = info.param.op;
  for (const auto& [key, value] : info.param.parameters) name += "_" + key + "_" + value;
  return name;
});

}  // namespace
}  // namespace basisbench
