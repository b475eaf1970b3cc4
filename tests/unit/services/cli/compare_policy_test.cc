// SPDX-License-Identifier: Apache-2.0
#include "services/cli/compare_policy.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/services/cli/records.h"

namespace basisbench {
namespace {

using ::testing::HasSubstr;

Compared Pair(const std::string& verdict, v1::Outcome first, v1::Outcome second) {
  Compared pair{.first = Record("x", 1), .second = Record("x", 1), .verdict = verdict};
  pair.first.set_outcome(first);
  pair.second.set_outcome(second);
  return pair;
}

int CodeOf(const Comparison& comparison, const std::string& policy) {
  return ExitCodeForComparison(comparison, *ParseFailPolicy(policy));
}

TEST(ExitCodeForComparison, FailsOnlyOnWhatItIsToldTo) {
  const auto ok = v1::OUTCOME_OK;
  const Comparison slower{.pairs = {Pair("SAME", ok, ok), Pair("SLOWER", ok, ok)}};
  const Comparison unclear{.pairs = {Pair("AMBIGUOUS", ok, ok)}};
  const Comparison faster{.pairs = {Pair("FASTER", ok, ok)}, .only_second = {"new"}};
  const Comparison missing{.pairs = {Pair("SAME", ok, ok)}, .only_first = {"gone"}};
  const Comparison crashed{.pairs = {Pair("INVALID", ok, v1::OUTCOME_CRASHED)}};
  const Comparison wrong{
      .pairs = {Pair("SLOWER", ok, ok), Pair("INVALID", ok, v1::OUTCOME_INVALID_RESULT)}};
  // It never worked, so nothing became worse.
  const Comparison broken{
      .pairs = {Pair("INVALID", v1::OUTCOME_UNSUPPORTED, v1::OUTCOME_UNSUPPORTED)}};
  const struct {
    const Comparison& comparison;
    int slower, ambiguous, invalid, missing;
  } cases[] = {{slower, 7, 0, 0, 0},  {unclear, 0, 7, 0, 0}, {faster, 0, 0, 0, 0},
               {missing, 0, 0, 0, 7}, {crashed, 0, 0, 8, 0}, {wrong, 7, 0, 8, 0},
               {broken, 0, 0, 0, 0}};
  for (const auto& c : cases) {
    EXPECT_EQ(CodeOf(c.comparison, "slower"), c.slower);
    EXPECT_EQ(CodeOf(c.comparison, "ambiguous"), c.ambiguous);
    EXPECT_EQ(CodeOf(c.comparison, "invalid"), c.invalid);
    EXPECT_EQ(CodeOf(c.comparison, "missing"), c.missing);
    EXPECT_EQ(ExitCodeForComparison(c.comparison, {}), 0);
  }
  EXPECT_EQ(CodeOf(wrong, "slower,invalid"), 8) << "a wrong result outweighs a slow one";
}

TEST(ParseFailPolicy, QuotesWhatItDoesNotKnow) {
  for (const char* text : {"faster", "slower,", "Slower", ""}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseFailPolicy(text).status())) << text;
  }
  EXPECT_THAT(std::string(ParseFailPolicy("slow").status().message()), HasSubstr("'slow'"));
}

}  // namespace
}  // namespace basisbench
