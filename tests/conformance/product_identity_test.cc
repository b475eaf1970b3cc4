// SPDX-License-Identifier: Apache-2.0
// Different ways to one result, without a reference: fast products and the dense one, attention in
// every sharding, chunks of any length, and the error of tile encoders that are not exact.
#include <cmath>
#include <map>
#include <tuple>

#include "gtest/gtest.h"
#include "services/base/status_macros.h"
#include "tests/conformance/ranks.h"
#include "tests/conformance/run_case.h"
#include "workers/operators/registry.h"
#include "workers/operators/stl/encoders.h"

namespace basisbench {
namespace {

using Parameters = std::map<std::string, std::string>;
using Values = std::vector<double>;

Problem Make(const std::string& op, const Parameters& parameters, const ProblemShape& shape) {
  Problem problem;
  problem.operator_name = op;
  problem.parameters = parameters;
  problem.shape = shape;
  problem.dtype = Dtype::kF64;
  return problem;
}

// The whole output of one run on the first rank; empty on the others.
absl::StatusOr<Values> Output(Problem problem, Distribution distribution,
                              Communicator& communicator) {
  problem.ranks = communicator.size();
  BB_ASSIGN_OR_RETURN(const Operator* op, FindOperator(problem.operator_name));
  BB_ASSIGN_OR_RETURN(const Problem resolved, op->Resolve(problem));
  BB_ASSIGN_OR_RETURN(const auto run, CaseRun::Make(*op, resolved, communicator));
  run->Fill(SeededOperands(*op, resolved, distribution, 97));
  BB_RETURN_IF_ERROR(run->Run());
  BB_ASSIGN_OR_RETURN(const auto held, GatherOutputs(*run));
  if (communicator.rank() != 0) return Values();
  return Merge(held);
}

// |a - b|^2 / |b|^2.
double SquaredError(const Values& a, const Values& b) {
  double error = 0, size = 0;
  for (size_t i = 0; i < b.size(); ++i) {
    error += (a[i] - b[i]) * (a[i] - b[i]);
    size += b[i] * b[i];
  }
  return size == 0 ? error : error / size;
}

// Every problem gives what the first does, to this squared error, on every number of ranks.
void ExpectSame(const std::vector<Problem>& problems, Distribution distribution, double allowed) {
  for (const int ranks : RankCounts()) {
    const absl::Status outcome = RunRanks(ranks, [&](Communicator& communicator) -> absl::Status {
      BB_ASSIGN_OR_RETURN(const Values first, Output(problems.front(), distribution, communicator));
      for (const Problem& problem : problems) {
        BB_ASSIGN_OR_RETURN(const Values other, Output(problem, distribution, communicator));
        const double error = SquaredError(other, first);
        if (!(error <= allowed))
          return absl::InternalError(problem.operator_name + " differs by " +
                                     std::to_string(error));
      }
      return absl::OkStatus();
    });
    EXPECT_TRUE(outcome.ok()) << ranks << " ranks: " << outcome;
  }
}

TEST(ProductIdentityTest, FastProductsOfIntegersAreTheDenseOneBitForBit) {
  for (const ProblemShape& shape : {ProblemShape{32, 32, 32}, ProblemShape{21, 35, 13}}) {
    ExpectSame({Make("matmul", {}, shape),
                Make("strassen", {{"levels", "1"}, {"variant", "strassen"}}, shape),
                Make("strassen", {{"levels", "3"}, {"variant", "strassen"}}, shape),
                Make("strassen", {{"levels", "3"}, {"variant", "winograd"}}, shape),
                Make("stl", {{"tile", "2"}}, shape), Make("stl", {{"tile", "4"}}, shape),
                Make("stl", {{"tile", "3"}, {"rank", "27"}, {"init", "naive_subset"}}, shape)},
               Distribution::kInteger, 0);
  }
}

TEST(ProductIdentityTest, AttentionIsTheSameRoundTheRingAndByHeads) {
  for (const char* op : {"softmax_attention", "linear_attention"}) {
    for (const char* causal : {"0", "1"}) {
      std::vector<Problem> problems;
      for (const char* sharding : {"column", "token", "all_to_all"}) {
        problems.push_back(Make(op, {{"causal", causal}}, {45, 32, 32}));
        problems.back().sharding = sharding;
      }
      ExpectSame(problems, Distribution::kNormal, 1e-26);
    }
  }
}

// Chunks of one token are the recurrence.
TEST(ProductIdentityTest, LinearAttentionDoesNotDependOnTheChunk) {
  std::vector<Problem> problems;
  for (const char* chunk : {"1", "7", "16", "4096"})
    problems.push_back(Make("linear_attention", {{"chunk", chunk}}, {45, 32, 32}));
  ExpectSame(problems, Distribution::kNormal, 1e-26);
}

TEST(ProductIdentityTest, ErrorsOfTileEncodersAreThoseOfTheirTensor) {
  const ProblemShape shape = {96, 96, 96};
  for (const auto& [tile, rank, init] : std::vector<std::tuple<int64_t, int64_t, std::string>>{
           {2, 6, "als"}, {4, 24, "als"}, {4, 32, "naive_subset"}, {2, 5, "random"}}) {
    const double expected = TensorError(EncodersOf(init, tile, rank));
    const absl::Status outcome = RunRanks(
        RankCounts().front(),
        [&, tile = tile, rank = rank, init = init](Communicator& communicator) -> absl::Status {
          BB_ASSIGN_OR_RETURN(const Values dense, Output(Make("matmul", {}, shape),
                                                         Distribution::kNormal, communicator));
          BB_ASSIGN_OR_RETURN(const Values tiled, Output(Make("stl",
                                                              {{"tile", std::to_string(tile)},
                                                               {"rank", std::to_string(rank)},
                                                               {"init", init}},
                                                              shape),
                                                         Distribution::kNormal, communicator));
          if (communicator.rank() != 0) return absl::OkStatus();
          const double error = SquaredError(tiled, dense);
          if (std::fabs(error - expected) <= 0.1 * expected) return absl::OkStatus();
          return absl::InternalError(init + " of rank " + std::to_string(rank) + " is off by " +
                                     std::to_string(error) + ", its tensor by " +
                                     std::to_string(expected));
        });
    EXPECT_TRUE(outcome.ok()) << outcome;
  }
}

}  // namespace
}  // namespace basisbench
