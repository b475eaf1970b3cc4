// SPDX-License-Identifier: Apache-2.0
// Parameters other than those an operator chooses by itself: the same checks against the reference,
// forward and backward, in every sharding, on two and three ranks.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "services/base/status_macros.h"
#include "tests/conformance/case_list.h"
#include "tests/conformance/ranks.h"
#include "tests/conformance/run_case.h"
#include "workers/operators/registry.h"
#include "workers/operators/validation.h"

namespace basisbench {
namespace {

struct Variant {
  std::string op;
  std::map<std::string, std::string> parameters;
  std::vector<ProblemShape> shapes;
};

void PrintTo(const Variant& variant, std::ostream* out) { *out << variant.op; }

const std::vector<Variant>& Variants() {
  static const auto& variants = *new std::vector<Variant>{
      {"strassen", {{"levels", "0"}}, {{17, 13, 9}}},
      {"strassen", {{"levels", "1"}, {"variant", "strassen"}}, {{32, 32, 32}, {17, 13, 9}}},
      {"strassen", {{"levels", "2"}, {"variant", "strassen"}}, {{32, 48, 16}, {23, 37, 41}}},
      {"strassen", {{"levels", "3"}, {"variant", "winograd"}}, {{64, 64, 64}, {31, 29, 27}}},
      {"strassen", {{"levels", "8"}, {"variant", "winograd"}}, {{9, 5, 7}, {1, 8, 8}}},
      {"softmax_attention", {{"causal", "0"}}, {{33, 32, 48}, {3, 8, 8}}},
      {"softmax_attention", {{"heads", "1"}}, {{300, 6, 4}}},
      {"softmax_attention", {{"heads", "3"}, {"causal", "0"}}, {{270, 6, 3}}},
      {"stl", {{"encoded", "1"}}, {{16, 24, 8}, {5, 7, 9}}},
      {"stl", {{"tile", "4"}}, {{32, 16, 24}, {9, 7, 5}}},
      {"stl", {{"tile", "3"}, {"rank", "20"}, {"init", "naive_subset"}}, {{12, 21, 15}, {8, 7, 5}}},
      {"stl", {{"tile", "2"}, {"rank", "6"}, {"init", "als"}}, {{24, 16, 20}, {7, 5, 3}}},
      {"stl",
       {{"tile", "4"}, {"rank", "16"}, {"init", "random"}, {"encoded", "1"}},
       {{24, 16, 20}}},
      {"linear_attention", {{"causal", "0"}}, {{33, 32, 48}, {3, 8, 8}}},
      {"linear_attention", {{"chunk", "1"}, {"heads", "2"}}, {{19, 6, 4}}},
      {"linear_attention", {{"chunk", "8"}}, {{45, 16, 24}}},
      {"ssm", {{"chunk", "8"}, {"state", "5"}}, {{45, 16, 16}}},
      {"ssm", {{"chunk", "1"}, {"heads", "2"}}, {{19, 6, 6}, {3, 8, 8}}},
      {"short_conv", {{"taps", "12"}}, {{17, 6, 6}, {3, 4, 4}}},
      {"dwt", {{"wavelet", "db4"}, {"axis", "token"}}, {{192, 3, 3}, {96, 40, 40}, {34, 5, 5}}},
      {"dwt", {{"wavelet", "db3"}, {"levels", "3"}}, {{3, 120, 120}, {20, 192, 192}}},
      {"dwt", {{"wavelet", "db2"}, {"levels", "1"}}, {{5, 72, 72}, {1, 6, 6}}},
      {"dwt", {{"axis", "token"}, {"levels", "4"}}, {{128, 17, 17}}},
  };
  return variants;
}

absl::Status Check(CaseRun& run) {
  const SeededOperands operands(run.op(), run.problem(), Distribution::kNormal, 83);
  run.Fill(operands);
  BB_RETURN_IF_ERROR(run.Run());
  BB_ASSIGN_OR_RETURN(
      const ValidationReport report,
      CheckOutputs(run.op(), run.problem(), operands, run.plan().Outputs(), run.communicator()));
  if (!report.passed) return absl::InternalError(report.failure);
  if (!CanCheckExactly(run.op(), run.problem()).ok()) return absl::OkStatus();
  const SeededOperands integers(run.op(), run.problem(), Distribution::kInteger, 89);
  run.Fill(integers);
  BB_RETURN_IF_ERROR(run.Run());
  BB_ASSIGN_OR_RETURN(const ValidationReport exact,
                      CheckExact(run.op(), run.problem(), integers, run.plan().Outputs().front(),
                                 run.communicator()));
  return exact.passed ? absl::OkStatus() : absl::InternalError("exact: " + exact.failure);
}

void CheckEverywhere(const Variant& variant, Problem problem) {
  const Operator& op = **FindOperator(variant.op);
  for (const int ranks : RankCounts()) {
    for (const std::string& sharding : op.description().shardings) {
      problem.ranks = ranks;
      problem.sharding = sharding;
      const auto resolved = op.Resolve(problem);
      ASSERT_TRUE(resolved.ok()) << resolved.status();
      const absl::Status outcome = RunRanks(ranks, [&](Communicator& communicator) -> absl::Status {
        BB_ASSIGN_OR_RETURN(const auto run, CaseRun::Make(op, *resolved, communicator));
        return Check(*run);
      });
      EXPECT_TRUE(outcome.ok()) << Describe(*resolved) << ": " << outcome;
    }
  }
}

class VariantTest : public testing::TestWithParam<Variant> {};

TEST_P(VariantTest, AgreesWithTheReference) {
  for (const ProblemShape& shape : GetParam().shapes) {
    for (const Dtype dtype : {Dtype::kF32, Dtype::kF64}) {
      for (const char* direction : {"forward", "backward"}) {
        Problem problem;
        problem.operator_name = GetParam().op;
        problem.parameters = GetParam().parameters;
        problem.shape = shape;
        problem.dtype = dtype;
        problem.direction = direction;
        CheckEverywhere(GetParam(), problem);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Parameters, VariantTest, testing::ValuesIn(Variants()),
                         [](const auto& info) {
                           std::string name = info.param.op;
                           for (const auto& [key, value] : info.param.parameters)
                             absl::StrAppend(&name, "_", key, "_", value);
                           return name;
                         });

}  // namespace
}  // namespace basisbench
