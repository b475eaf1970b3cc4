// SPDX-License-Identifier: Apache-2.0
// The names that operators and families of matrices share: what joins costs and scores in a record.
#include "workers/runner/scores.h"

#include <map>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "workers/operators/registry.h"

namespace basisbench {
namespace {

constexpr int64_t kN = 256;

absl::StatusOr<FamilyInfo> FamilyOfResolved(
    const Operator& op, const std::map<std::string, std::string>& parameters = {}) {
  Problem problem{.operator_name = op.description().name, .parameters = parameters};
  problem.shape = {64, 64, 0};
  const auto resolved = op.Resolve(problem);
  EXPECT_TRUE(resolved.ok()) << resolved.status();
  return FamilyOf(op, *resolved, kN);
}

// Those whose mixing follows the data, or that multiply data, are no family, and only those.
TEST(Scores, EveryOperatorHasAFamilyOrSaysWhyNot) {
  const std::set<std::string> follow_the_data = {"softmax_attention", "linear_attention", "ssm",
                                                 "glu"};
  for (const Operator* op : AllOperators()) {
    const std::string& name = op->description().name;
    if (absl::StartsWith(name, "test_")) continue;
    const auto family = FamilyOfResolved(*op);
    if (follow_the_data.count(name) > 0) {
      EXPECT_TRUE(absl::IsUnimplemented(family.status())) << name;
    } else {
      EXPECT_TRUE(family.ok()) << family.status();
    }
  }
}

// What an operator chose for a side of 64 is chosen again; what a user chose is kept; what matters
// for no score is left out.
TEST(Scores, ParametersAreThoseOfTheFamily) {
  struct Expected {
    std::string op;
    std::map<std::string, std::string> parameters;
    std::string family;
  };
  for (const Expected& expected : {
           Expected{"sparse24", {{"seed", "7"}, {"axis", "token"}}, "sparse24"},
           {"tproduct", {}, "tproduct{faces=16,transform=dft}"},
           {"tproduct", {{"faces", "4"}, {"transform", "dct"}}, "tproduct{faces=4,transform=dct}"},
           {"group_conv", {}, "group_conv{group=cyclic}"},
           {"group_conv", {{"group", "xor"}}, "group_conv{group=xor}"},
           {"group_conv", {{"group", "dihedral"}}, "group_conv{group=dihedral}"},
       }) {
    const auto family = FamilyOfResolved(**FindOperator(expected.op), expected.parameters);
    ASSERT_TRUE(family.ok()) << family.status();
    EXPECT_EQ(family->text, expected.family);
  }
}

// With the parameters that both choose, a square map has as many numbers on either side; but for
// those that a family counts for one channel, data, and weights that are encoded.
TEST(Scores, OperatorsAndTheirFamiliesHaveAsManyParameters) {
  const std::set<std::string> count_otherwise = {"gate", "long_conv", "short_conv", "stl"};
  for (const Operator* op : AllOperators()) {
    const std::string& name = op->description().name;
    Problem problem{.operator_name = name};
    problem.shape = {kN, kN, 0};
    const auto resolved = op->Resolve(problem);
    ASSERT_TRUE(resolved.ok()) << resolved.status();
    const auto family = FamilyOf(*op, *resolved, kN);
    if (!family.ok() || count_otherwise.count(name) > 0) continue;
    EXPECT_EQ(op->Cost(*resolved).parameters, family->parameters) << name;
  }
}

}  // namespace
}  // namespace basisbench
