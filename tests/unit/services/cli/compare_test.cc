// SPDX-License-Identifier: Apache-2.0
#include "services/cli/compare.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/services/cli/records.h"

namespace basisbench {
namespace {

using ::testing::HasSubstr;

// Records whose medians are known to within `spread` of themselves.
v1::CaseResult Known(double median, double spread) {
  v1::CaseResult r = Record("x", median);
  r.mutable_timing()->mutable_seconds()->set_median_ci_low(median * (1 - spread));
  r.mutable_timing()->mutable_seconds()->set_median_ci_high(median * (1 + spread));
  return r;
}

TEST(Compare, GivesAVerdictOnlyWhenTheWholeIntervalAgrees) {
  const struct {
    double second, spread;
    const char* verdict;
  } cases[] = {{1.00, 0.005, "SAME"},     {1.20, 0.005, "SLOWER"},   {0.80, 0.005, "FASTER"},
               {1.20, 0.10, "AMBIGUOUS"}, {1.00, 0.05, "AMBIGUOUS"}, {1.05, 0.005, "AMBIGUOUS"},
               {1.04, 0.001, "SAME"}};
  for (const auto& c : cases) {
    const auto compared = Compare({Known(1, c.spread)}, {Known(c.second, c.spread)}, {});
    ASSERT_TRUE(compared.ok());
    EXPECT_EQ(compared->at(0).verdict, c.verdict) << c.second << " +- " << c.spread;
    EXPECT_DOUBLE_EQ(*compared->at(0).ratio, c.second);
  }
}

TEST(Compare, DividesTheEndsOfTheIntervalsCrosswise) {
  const auto compared = Compare({Known(2, 0.5)}, {Known(4, 0.25)}, {});
  EXPECT_DOUBLE_EQ(*compared->at(0).ratio_low, 1.0);   // 3 / 3
  EXPECT_DOUBLE_EQ(*compared->at(0).ratio_high, 5.0);  // 5 / 1
}

TEST(Compare, NeverRanksWhatIsWrongOrHasNoInterval) {
  v1::CaseResult wrong = Known(0.1, 0.01);
  wrong.set_outcome(v1::OUTCOME_INVALID_RESULT);
  EXPECT_EQ(Compare({Known(1, 0.01)}, {wrong}, {})->at(0).verdict, "INVALID");
  v1::CaseResult few = Record("x", 9);
  few.mutable_timing()->mutable_seconds()->clear_median_ci_low();
  EXPECT_EQ(Compare({Known(1, 0.01)}, {few}, {})->at(0).verdict, "AMBIGUOUS");
}

TEST(Compare, RefusesUnlikeRunsUnlessForced) {
  v1::CaseResult method = Known(1, 0.01), machine = Known(1, 0.01), ranks = Known(1, 0.01);
  method.mutable_environment()->set_method_version(2);
  machine.mutable_environment()->mutable_nodes(0)->set_cpu_model("CPU B");
  ranks.mutable_case_()->set_ranks(4);
  const struct {
    v1::CaseResult second;
    const char* says;
  } cases[] = {{method, "method version (1 against 2)"},
               {machine, "machine (CPU A against CPU B)"},
               {ranks, "ranks (2 against 4)"}};
  for (const auto& c : cases) {
    const auto refused = Compare({Known(1, 0.01)}, {c.second}, {});
    EXPECT_TRUE(absl::IsFailedPrecondition(refused.status()));
    EXPECT_THAT(std::string(refused.status().message()), HasSubstr(c.says));
    EXPECT_TRUE(Compare({Known(1, 0.01)}, {c.second}, {.force = true}).ok()) << c.says;
  }
  v1::CaseResult other = Known(1, 0.01);
  other.mutable_case_()->set_dtype("f64");
  EXPECT_THAT(std::string(Compare({Known(1, 0.01)}, {other}, {}).status().message()),
              HasSubstr("no case in common"));
}

}  // namespace
}  // namespace basisbench
