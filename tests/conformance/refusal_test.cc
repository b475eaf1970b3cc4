// SPDX-License-Identifier: Apache-2.0
// What cannot run is refused by Resolve, with a message that names the value; and no operator is
// forgotten.
#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/conformance/case_list.h"
#include "workers/operators/registry.h"
#include "workers/operators/stored.h"

namespace basisbench {
namespace {

Problem Ordinary(const Operator& op) {
  Problem problem;
  problem.operator_name = op.description().name;
  problem.shape = {64, 64, 0};  // Y as wide as the operator makes it
  problem.ranks = 2;
  return problem;
}

// Refused, and the message contains `value`.
void ExpectRefusal(const Operator& op, const Problem& problem, const std::string& value) {
  const auto resolved = op.Resolve(problem);
  ASSERT_FALSE(resolved.ok()) << op.description().name << " accepts " << value;
  EXPECT_TRUE(absl::IsInvalidArgument(resolved.status()) ||
              absl::IsUnimplemented(resolved.status()))
      << resolved.status();
  EXPECT_TRUE(absl::StrContains(resolved.status().message(), value)) << resolved.status();
}

TEST(RefusalTest, EveryOperatorNamesTheWrongValue) {
  for (const Operator* op : AllOperators()) {
    Problem problem = Ordinary(*op);
    ASSERT_TRUE(op->Resolve(problem).ok()) << op->Resolve(problem).status();
    problem.sharding = "diagonal";
    ExpectRefusal(*op, problem, "diagonal");
    problem = Ordinary(*op);
    problem.direction = "sideways";
    ExpectRefusal(*op, problem, "sideways");
    problem = Ordinary(*op);
    problem.parameters["flavour"] = "sweet";
    ExpectRefusal(*op, problem, "flavour");
    problem = Ordinary(*op);
    problem.shape.tokens = -3;
    ExpectRefusal(*op, problem, "-3");
    problem = Ordinary(*op);
    problem.shape.d_in = 0;
    ExpectRefusal(*op, problem, "d_in");
    problem = Ordinary(*op);
    problem.ranks = -5;
    ExpectRefusal(*op, problem, "-5");
  }
}

TEST(RefusalTest, EveryOperatorRefusesAGridThatDoesNotFit) {
  for (const Operator* op : AllOperators()) {
    for (const std::string& sharding : op->description().shardings) {
      Problem problem = Ordinary(*op);
      problem.sharding = sharding;
      problem.grid = "7x9";
      ExpectRefusal(*op, problem, "7x9");
      problem.grid = "2by1";
      ExpectRefusal(*op, problem, "2by1");
    }
  }
}

TEST(RefusalTest, ParametersOutOfRangeAreNamed) {
  for (const Operator* op : AllOperators()) {
    for (const ParameterDescription& parameter : op->description().parameters) {
      if (parameter.minimum == 0 && parameter.maximum == 0) continue;
      for (const std::string& value : {absl::StrCat(parameter.minimum - 1), std::string("many")}) {
        Problem problem = Ordinary(*op);
        problem.parameters[parameter.name] = value;
        ExpectRefusal(*op, problem, value);
      }
    }
  }
}

TEST(RefusalTest, OnlyTheseLinesOfTheMatrixAreImpossible) {
  const std::set<std::string> impossible = {"wht_pairwise_f32_3", "wht_pairwise_f64_3",
                                            "wht_pairwise_bf16_3", "wht_pairwise_f16_3"};
  for (const ConformanceCase& line : EveryLine()) {
    EXPECT_EQ(line.Problems().empty(), impossible.count(CaseName(line)) == 1) << CaseName(line);
  }
}

TEST(RegistryTest, AnUnknownOperatorIsRefusedWithTheKnownOnes) {
  const auto found = FindOperator("fwht2");
  ASSERT_FALSE(found.ok());
  EXPECT_TRUE(absl::IsNotFound(found.status()));
  EXPECT_TRUE(absl::StrContains(found.status().message(), "fwht2"));
  EXPECT_TRUE(absl::StrContains(found.status().message(), "matmul"));
}

TEST(RegistryTest, DescriptionsAreComplete) {
  for (const Operator* op : AllOperators()) {
    const OperatorDescription& description = op->description();
    for (const std::string& text : {description.name, description.family, description.axis,
                                    description.formula, description.flops_formula}) {
      EXPECT_FALSE(text.empty()) << description.name;
    }
    EXPECT_FALSE(description.shardings.empty()) << description.name;
    EXPECT_FALSE(description.dtypes.empty()) << description.name;
    EXPECT_FALSE(description.directions.empty()) << description.name;
    EXPECT_EQ(*FindOperator(description.name), op);
  }
}

TEST(CostTest, EveryRankIsDeclared) {
  for (const ConformanceCase& one : AllCases()) {
    for (const Problem& problem : one.Problems()) {
      const OperatorCost cost = DeclaredCost(*one.op, problem);
      EXPECT_EQ(cost.memory_bytes.size(), static_cast<size_t>(problem.ranks)) << Describe(problem);
      EXPECT_EQ(cost.traffic.size(), static_cast<size_t>(problem.ranks)) << Describe(problem);
      EXPECT_GT(cost.bytes_min, 0) << Describe(problem);
      EXPECT_GT(cost.flops_executed, 0) << Describe(problem);
      EXPECT_GE(*std::min_element(cost.memory_bytes.begin(), cost.memory_bytes.end()), 0)
          << Describe(problem);
    }
  }
}

}  // namespace
}  // namespace basisbench
