// SPDX-License-Identifier: Apache-2.0
// What problems become, and how impossible ones are refused: the part that all operators share, and
// the choices of each.
#include "workers/operators/resolve.h"

#include "tests/fakes/status_matchers.h"
#include "workers/operators/registry.h"

namespace basisbench {
namespace {

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kUnimplemented = absl::StatusCode::kUnimplemented;

absl::StatusOr<Problem> ResolveOf(const std::string& name, const Problem& problem) {
  return (*FindOperator(name))->Resolve(problem);
}

Problem Of(int64_t tokens, int64_t d_in, int64_t d_out) {
  Problem problem;
  problem.shape = {tokens, d_in, d_out};
  return problem;
}

Problem With(Problem problem, const std::string& sharding, int ranks) {
  problem.sharding = sharding;
  problem.ranks = ranks;
  return problem;
}

TEST(Resolve, FillsInWhatWasLeftOut) {
  Problem problem = Of(8, 16, 0);
  problem.direction = "";
  const auto resolved = ResolveOf("wht", problem);
  ASSERT_THAT(resolved, IsOk());
  EXPECT_EQ(resolved->operator_name, "wht");
  EXPECT_EQ(resolved->sharding, "token");
  EXPECT_EQ(resolved->direction, "forward");
  EXPECT_EQ(resolved->shape.d_out, 16);
}

TEST(Resolve, ResolvingAgainChangesNothing) {
  for (const Operator* op : AllOperators()) {
    const auto once = op->Resolve(Of(64, 64, 0));
    ASSERT_THAT(once, IsOk());
    const auto twice = op->Resolve(*once);
    ASSERT_THAT(twice, IsOk());
    EXPECT_EQ(twice->parameters, once->parameters);
    EXPECT_EQ(twice->sharding, once->sharding);
    EXPECT_EQ(twice->grid, once->grid);
  }
}

TEST(Resolve, NamesWhatItRefuses) {
  EXPECT_THAT(ResolveOf("gate", Of(0, 4, 4)), Fails(kInvalid, "tokens must be at least 1, not 0"));
  EXPECT_THAT(ResolveOf("gate", Of(4, 4, 5)),
              Fails(kUnimplemented, "d_out = 5 must equal d_in = 4"));
  EXPECT_THAT(ResolveOf("gate", With(Of(4, 4, 4), "diagonal", 2)),
              Fails(kUnimplemented, "no sharding 'diagonal'; have: token, column"));
  Problem problem = Of(4, 4, 4);
  problem.parameters["depth"] = "2";
  EXPECT_THAT(ResolveOf("gate", problem), Fails(kInvalid, "no parameter 'depth'; have: none"));
  problem = Of(4, 4, 4);
  problem.grid = "2x2";
  EXPECT_THAT(ResolveOf("fnet", problem), Fails(kInvalid, "grid '2x2'"));
}

TEST(Resolve, GridsAreReadStrictly) {
  ASSERT_THAT(ParseGrid("2x3", 6), IsOk());
  EXPECT_EQ(ParseGrid("2x3", 6)->cols, 3);
  for (const char* text : {"", "6", "2x", "x3", "2x3x1", "0x6", "-2x-3", "2X3"})
    EXPECT_THAT(ParseGrid(text, 6), Fails(kInvalid, text)) << text;
  EXPECT_THAT(ParseGrid("2x3", 5), Fails(kInvalid, "needs 6 ranks, not 5"));
}

TEST(ResolveWht, NeedsPowersOfTwoWhereTheMathematicsDoes) {
  EXPECT_THAT(ResolveOf("wht", Of(4, 12, 12)), Fails(kUnimplemented, "power of two, not 12"));
  EXPECT_THAT(ResolveOf("wht", With(Of(4, 16, 16), "pairwise", 3)), Fails(kUnimplemented, "not 3"));
  EXPECT_THAT(ResolveOf("wht", With(Of(4, 2, 2), "pairwise", 4)),
              Fails(kUnimplemented, "at most d_in = 2 ranks, not 4"));
  EXPECT_THAT(ResolveOf("wht", With(Of(4, 2, 2), "all_to_all", 3)), IsOk());
}

TEST(ResolveMonarch, ChoosesBlocksNearTheSquareRootAndTheDepthThatFits) {
  const struct {
    int64_t d_in, d_out;
    const char *blocks, *depth;
  } cases[] = {{1024, 1024, "32", "1"}, {4096, 4096, "64", "1"}, {768, 3072, "24", "1"},
               {18, 18, "3", "2"},      {12, 20, "4", "1"},      {1, 7, "1", "1"}};
  for (const auto& one : cases) {
    const auto resolved = ResolveOf("monarch", Of(4, one.d_in, one.d_out));
    ASSERT_THAT(resolved, IsOk());
    EXPECT_EQ(resolved->parameters.at("blocks"), one.blocks) << one.d_in << "x" << one.d_out;
    EXPECT_EQ(resolved->parameters.at("depth"), one.depth) << one.d_in << "x" << one.d_out;
  }
}

TEST(ResolveMonarch, RefusesBlocksThatDoNotDivide) {
  Problem problem = Of(4, 64, 64);
  problem.parameters["blocks"] = "24";
  EXPECT_THAT(ResolveOf("monarch", problem), Fails(kUnimplemented, "blocks = 24 must divide"));
  EXPECT_THAT(ResolveOf("monarch", Of(4, 17, 11)), Fails(kUnimplemented, "no common divisor"));
  problem = Of(4, 17, 11);
  problem.parameters["blocks"] = "1";
  EXPECT_THAT(ResolveOf("monarch", problem), IsOk());
}

// Blocks of sqrt(n) and depth 1 are the published count of parameters and FLOPs.
TEST(Cost, OfMonarchIsThePublishedOne) {
  const Operator& monarch = **FindOperator("monarch");
  const auto problem = monarch.Resolve(Of(4096, 4096, 4096));
  ASSERT_THAT(problem, IsOk());
  const OperatorCost cost = monarch.Cost(*problem);
  EXPECT_EQ(cost.parameters, 2 * 4096 * 64);
  EXPECT_EQ(cost.flops_executed, 4.0 * 4096 * 4096 * 64);
  EXPECT_EQ(cost.flops_effective / cost.flops_executed, 32);
}

int64_t MostSent(const OperatorCost& cost) {
  int64_t most = 0;
  for (const TrafficTable& table : cost.traffic) {
    int64_t bytes = 0;
    for (const Traffic& traffic : table) bytes += traffic.bytes_sent;
    most = std::max(most, bytes);
  }
  return most;
}

// What leaves a rank in one all-to-all, or to its neighbour, is what no algorithm can do without.
TEST(Cost, OfOneExchangeMeetsItsLowerBound) {
  for (const auto& [name, sharding] : {std::pair("wht", "all_to_all"),
                                       {"monarch", "all_to_all"},
                                       {"short_conv", "halo"},
                                       {"btt", "all_to_all"},
                                       {"butterfly", "all_to_all"},
                                       {"monarch_p", "all_to_all"},
                                       {"kron", "all_to_all"}}) {
    for (const int ranks : {1, 2, 3, 4, 8}) {
      const Operator& op = **FindOperator(name);
      const auto problem = op.Resolve(With(Of(96, 256, 256), sharding, ranks));
      ASSERT_THAT(problem, IsOk());
      const OperatorCost cost = op.Cost(*problem);
      EXPECT_EQ(static_cast<double>(MostSent(cost)), cost.wire_bytes_lower_bound)
          << name << " on " << ranks;
    }
  }
}

// No declared traffic is below its own lower bound.
TEST(Cost, NeverUndercutsALowerBound) {
  for (const Operator* op : AllOperators()) {
    for (const std::string& sharding : op->description().shardings) {
      for (const int ranks : {1, 2, 3, 4, 7, 8}) {
        const auto problem = op->Resolve(With(Of(96, 256, 256), sharding, ranks));
        if (!problem.ok()) continue;
        const OperatorCost cost = op->Cost(*problem);
        EXPECT_FALSE(cost.lower_bound_source.empty()) << op->description().name << " " << sharding;
        if (!cost.wire_bytes_lower_bound) continue;
        EXPECT_GE(static_cast<double>(MostSent(cost)), *cost.wire_bytes_lower_bound)
            << op->description().name << " " << sharding << " on " << ranks;
      }
    }
  }
}

}  // namespace
}  // namespace basisbench
