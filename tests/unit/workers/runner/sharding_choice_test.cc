// SPDX-License-Identifier: Apache-2.0
#include "workers/runner/sharding_choice.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"
#include "workers/runner/run_context.h"

namespace basisbench {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

v1::Case OpenCase(const std::string& op, int64_t tokens, int64_t width, uint32_t ranks) {
  v1::Case spec;
  spec.mutable_operator_()->set_name(op);
  spec.mutable_shape()->set_tokens(tokens);
  spec.mutable_shape()->set_d_in(width);
  spec.set_sharding("auto");
  spec.set_ranks(ranks);
  return spec;
}

v1::Roofs RoofsOf(double gemm, double copy, double bandwidth, double latency) {
  v1::Roofs roofs;
  roofs.set_gemm_flops_per_second(gemm);
  roofs.set_copy_bytes_per_second(copy);
  roofs.set_wire_bytes_per_second(bandwidth);
  roofs.set_wire_latency_seconds(latency);
  return roofs;
}

std::string Chosen(const v1::Case& spec, const v1::Roofs& roofs) {
  const auto resolved = ResolveCase(spec, kLocalBackend);
  EXPECT_THAT(resolved, IsOk());
  if (!resolved.ok()) return "";
  const auto choices = ShardingChoices(resolved->options, &roofs);
  const auto index = ChooseSharding(choices);
  return index ? choices[*index].sharding() : "";
}

const ShardingOption& Named(const ResolvedCase& resolved, const std::string& sharding) {
  return *std::find_if(resolved.options.begin(), resolved.options.end(),
                       [&](const ShardingOption& option) { return option.sharding == sharding; });
}

TEST(PredictedSeconds, AddsTheTermsOfTheRankThatHoldsMostAndOfTheOneThatSendsLongest) {
  OperatorCost cost;
  cost.flops_executed = 6e9;
  cost.memory_bytes = {1'000, 4'000, 3'000};
  cost.traffic.resize(3);
  cost.traffic[0][0] = {.calls = 1, .bytes_sent = 500, .messages_sent = 1};
  cost.traffic[2][0] = {.calls = 1, .bytes_sent = 100, .messages_sent = 8};
  cost.traffic[2][1] = {.calls = 1, .bytes_sent = 200, .messages_sent = 2};
  // 2e9 FLOPs of a rank at 1e9 a second, 4000 bytes at 1e3 a second, and on the wire either 1 x 2 +
  // 500 / 100 or 10 x 2 + 300 / 100.
  const v1::Roofs roofs = RoofsOf(3e9, 3e3, 100, 2);
  EXPECT_DOUBLE_EQ(PredictedSeconds(cost, roofs), 2 + 4 + 23);
  EXPECT_DOUBLE_EQ(PredictedSeconds(cost, RoofsOf(3e9, 3e3, 10, 2)), 2 + 4 + 52);
}

TEST(PredictedSeconds, ARoofThatWasNotMeasuredLeavesItsTermOut) {
  OperatorCost cost;
  cost.flops_executed = 8;
  cost.memory_bytes = {6, 6};
  EXPECT_DOUBLE_EQ(PredictedSeconds(cost, RoofsOf(2, 0, 0, 0)), 4);
  EXPECT_DOUBLE_EQ(PredictedSeconds(cost, RoofsOf(0, 3, 0, 0)), 4);
}

TEST(FirstNearBest, TheOrderDecidesAmongThoseWithinFivePercentOfTheBest) {
  using Seconds = std::vector<std::optional<double>>;
  struct Row {
    Seconds seconds;
    std::optional<size_t> first;
  };
  const Row rows[] = {{{1.0, 1.0, 1.0}, 0},
                      {{1.04, 1.0}, 0},
                      {{1.06, 1.0}, 1},
                      // Near its neighbour is not near the best.
                      {{1.08, 1.04, 1.0}, 1},
                      {{std::nullopt, 9.0, 2.0}, 2},
                      {{std::nullopt, std::nullopt}, std::nullopt},
                      {{}, std::nullopt}};
  for (const Row& row : rows) EXPECT_EQ(FirstNearBest(row.seconds), row.first);
}

TEST(ShardingChoice, RoofsDecideBetweenHoldingTheWeightsAndSendingTheInputs) {
  const v1::Case spec = OpenCase("matmul", 64, 2048, 4);
  // Nothing is sent with `token`, and W is held four times over.
  EXPECT_EQ(Chosen(spec, RoofsOf(1e12, 1e10, 1e6, 1e-5)), "token");
  EXPECT_NE(Chosen(spec, RoofsOf(1e12, 1e10, 1e12, 0)), "token");
  // The same with messages that cost nothing by their length and a second by their number.
  EXPECT_EQ(Chosen(spec, RoofsOf(1e12, 1e10, 1e12, 1)), "token");
}

TEST(ShardingChoice, OneRankTakesTheFirst) {
  EXPECT_EQ(Chosen(OpenCase("wht", 32, 64, 1), RoofsOf(1e11, 1e10, 0, 0)), "token");
}

TEST(ShardingChoice, WhatCannotRunIsNotChosenAndKeepsItsReason) {
  // Three is no power of two, so that `pairwise` has no partners.
  const auto resolved = ResolveCase(OpenCase("wht", 30, 64, 3), kLocalBackend);
  ASSERT_THAT(resolved, IsOk());
  const v1::Roofs roofs = RoofsOf(1e11, 1e10, 1e9, 1e-6);
  const auto choices = ShardingChoices(resolved->options, &roofs);
  ASSERT_EQ(choices.size(), 3u);
  for (const v1::ShardingChoice& choice : choices) {
    const bool refused = choice.sharding() == "pairwise";
    EXPECT_EQ(choice.refusal().empty(), !refused) << choice.sharding() << ": " << choice.refusal();
    EXPECT_EQ(choice.has_predicted_seconds(), !refused) << choice.sharding();
  }
  // Before roofs are known nothing is predicted.
  EXPECT_FALSE(ShardingChoices(resolved->options, nullptr)[0].has_predicted_seconds());
}

TEST(ShardingChoice, ARankThatCannotHoldItIsAReason) {
  auto resolved = ResolveCase(OpenCase("matmul", 64, 512, 4), kLocalBackend);
  ASSERT_THAT(resolved, IsOk());
  const int64_t token = Named(*resolved, "token").LargestBytes();
  EXPECT_GE(token, int64_t{512} * 512 * 4) << "W is held whole";
  RefuseAboveMemory(0, &resolved->options);
  EXPECT_TRUE(Named(*resolved, "token").refusal.ok()) << "0 is no limit";
  RefuseAboveMemory(token - 1, &resolved->options);
  EXPECT_THAT(
      Named(*resolved, "token").refusal,
      Fails(absl::StatusCode::kResourceExhausted,
            absl::StrCat("needs ", token, " bytes on a rank, which may allocate ", token - 1)));
  EXPECT_TRUE(Named(*resolved, "column").refusal.ok());
}

TEST(ShardingChoice, WhereNoneCanRunEachReasonIsTold) {
  ShardingOption token, row;
  token.sharding = "token";
  row.sharding = "row";
  token.refusal = absl::UnimplementedError("has no grid");
  row.refusal = absl::ResourceExhaustedError("is too large");
  EXPECT_THAT(NoneCanRun("matmul", {token, row}),
              Fails(absl::StatusCode::kUnimplemented,
                    "matmul: none of its shardings can run this case: token: has no grid; row: is "
                    "too large"));
  token.refusal = absl::ResourceExhaustedError("is larger still");
  EXPECT_EQ(NoneCanRun("matmul", {token, row}).code(), absl::StatusCode::kResourceExhausted);
  // A reason that has nothing to do with the sharding is told once.
  EXPECT_THAT(ResolveCase(OpenCase("wht", 30, 48, 2), kLocalBackend).status().message(),
              testing::Not(HasSubstr("none of its shardings")));
}

TEST(ShardingChoice, AGridGoesToTheShardingsThatUseOne) {
  v1::Case spec = OpenCase("matmul", 64, 64, 4);
  spec.set_grid("4x1");
  const auto resolved = ResolveCase(spec, kLocalBackend);
  ASSERT_THAT(resolved, IsOk());
  EXPECT_EQ(Named(*resolved, "summa").problem.grid, "4x1");
  EXPECT_EQ(Named(*resolved, "token").problem.grid, "");
  EXPECT_EQ(resolved->spec.grid(), "4x1") << "what was asked for, until one is taken";
  spec.set_grid("3x3");
  const auto wrong = ResolveCase(spec, kLocalBackend);
  ASSERT_THAT(wrong, IsOk());
  EXPECT_THAT(std::string(Named(*wrong, "summa").refusal.message()), HasSubstr("3x3"));
  EXPECT_TRUE(Named(*wrong, "token").refusal.ok());
}

TEST(ShardingChoice, TheOneTakenIsTheCaseAndSaysThatItWasChosen) {
  const auto open = ResolveCase(OpenCase("matmul", 64, 32, 2), kLocalBackend);
  ASSERT_THAT(open, IsOk());
  EXPECT_EQ(open->spec.sharding(), "auto");
  for (size_t i = 0; i < open->options.size(); ++i) {
    if (!open->options[i].refusal.ok()) continue;
    ResolvedCase taken = *open;
    TakeOption(i, &taken);
    v1::Case named = OpenCase("matmul", 64, 32, 2);
    named.set_sharding(open->options[i].sharding);
    const auto resolved = ResolveCase(named, kLocalBackend);
    ASSERT_THAT(resolved, IsOk());
    named = resolved->spec;
    named.set_requested_sharding("auto");
    EXPECT_EQ(taken.spec.DebugString(), named.DebugString());
    EXPECT_EQ(taken.cost.memory_bytes, resolved->cost.memory_bytes);
    EXPECT_EQ(taken.problem.sharding, named.sharding());
  }
}

}  // namespace
}  // namespace basisbench
