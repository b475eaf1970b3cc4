// SPDX-License-Identifier: Apache-2.0
#include "services/cli/compare.h"

#include <cmath>
#include <random>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/services/cli/records.h"

namespace basisbench {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

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
    EXPECT_EQ(compared->pairs[0].verdict, c.verdict) << c.second << " +- " << c.spread;
    EXPECT_DOUBLE_EQ(*compared->pairs[0].ratio, c.second);
  }
}

TEST(Compare, DividesTheEndsOfTheIntervalsCrosswise) {
  const auto compared = Compare({Known(2, 0.5)}, {Known(4, 0.25)}, {});
  EXPECT_DOUBLE_EQ(*compared->pairs[0].ratio_low, 1.0);   // 3 / 3
  EXPECT_DOUBLE_EQ(*compared->pairs[0].ratio_high, 5.0);  // 5 / 1
}

TEST(Compare, NeverRanksWhatIsWrongOrHasNoInterval) {
  v1::CaseResult wrong = Known(0.1, 0.01);
  wrong.set_outcome(v1::OUTCOME_INVALID_RESULT);
  EXPECT_EQ(Compare({Known(1, 0.01)}, {wrong}, {})->pairs[0].verdict, "INVALID");
  v1::CaseResult few = Record("x", 9);
  few.mutable_timing()->mutable_seconds()->clear_median_ci_low();
  EXPECT_EQ(Compare({Known(1, 0.01)}, {few}, {})->pairs[0].verdict, "AMBIGUOUS");
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

TEST(Compare, TellsWhichCasesHaveNoPartner) {
  v1::CaseResult gone = Known(1, 0.01), fresh = Known(1, 0.01);
  gone.mutable_case_()->set_sharding("column");
  fresh.mutable_case_()->mutable_shape()->set_tokens(8);
  const auto compared = Compare({Known(1, 0.01), gone}, {Known(1, 0.01), fresh}, {});
  ASSERT_TRUE(compared.ok());
  EXPECT_THAT(compared->pairs, SizeIs(1));
  EXPECT_THAT(compared->only_first, ElementsAre("x 512x768x3072 f32 column, 2 ranks"));
  EXPECT_THAT(compared->only_second, ElementsAre("x 8x768x3072 f32 row, 2 ranks"));
}

// Quantiles of the normal distribution from tables.
TEST(Widening, IsTheRatioOfTheQuantilesThatBonferroniAsksFor) {
  EXPECT_EQ(Widening(0), 1);
  EXPECT_EQ(Widening(1), 1);
  EXPECT_NEAR(Widening(2), 2.241403 / 1.959964, 1e-6);
  EXPECT_NEAR(Widening(10), 2.807034 / 1.959964, 1e-6);
  EXPECT_NEAR(Widening(50), 3.290527 / 1.959964, 1e-6);
}

TEST(Compare, WidensTheIntervalsOfManyCasesUnlessEachIsToStandAlone) {
  std::vector<v1::CaseResult> first, second;
  for (int i = 0; i < 10; ++i) {
    first.push_back(Known(1, 0.02));
    second.push_back(Known(1.10, 0.02));
    first.back().mutable_case_()->mutable_shape()->set_tokens(i + 1);
    second.back().mutable_case_()->mutable_shape()->set_tokens(i + 1);
  }
  // 1.10 * 0.98 / 1.02 is above 1.05, with ends 1.43 times as far away it is not.
  EXPECT_EQ(Compare(first, second, {.per_case = true})->Count("SLOWER"), 10u);
  const auto together = Compare(first, second, {});
  EXPECT_EQ(together->Count("AMBIGUOUS"), 10u);
  EXPECT_NEAR(*together->pairs[0].ratio_low,
              1.10 * std::pow(0.98, Widening(10)) / std::pow(1.02, Widening(10)), 1e-12);
  // What may not be ranked is no comparison, and widens nothing.
  for (int i = 1; i < 10; ++i) second[i].set_outcome(v1::OUTCOME_CRASHED);
  EXPECT_EQ(Compare(first, second, {})->Count("SLOWER"), 1u);
}

// Sweeps of 100 cases that did not change: how many have a verdict all the same?
TEST(Compare, SeldomFindsADifferenceInAWholeSweepThatHasNone) {
  std::mt19937 random(11);
  std::normal_distribution<double> noise(0, 0.01);
  int alone = 0, together = 0;
  for (int sweep = 0; sweep < 100; ++sweep) {
    std::vector<v1::CaseResult> first, second;
    for (int i = 0; i < 100; ++i) {
      first.push_back(Known(std::exp(noise(random)), 1.96 * 0.01));
      second.push_back(Known(std::exp(noise(random)), 1.96 * 0.01));
      first.back().mutable_case_()->mutable_shape()->set_tokens(i + 1);
      second.back().mutable_case_()->mutable_shape()->set_tokens(i + 1);
    }
    const auto wrong = [&](bool per_case) {
      const auto compared = Compare(first, second, {.threshold = 0, .per_case = per_case});
      return compared->Count("SLOWER") + compared->Count("FASTER") > 0;
    };
    alone += wrong(true);
    together += wrong(false);
  }
  EXPECT_GT(alone, 20) << "the correction would not be needed";
  EXPECT_LE(together, 5);
}

// Of one group, as one job measured it.
v1::CaseResult Member(const std::string& op, const std::string& sharding, double median) {
  v1::CaseResult record = Record(op, median);
  record.set_job_id("j1");
  record.mutable_case_()->set_sharding(sharding);
  return record;
}

TEST(CompareOperators, PairsWhatWasMeasuredInOnePlace) {
  v1::CaseResult elsewhere = Member("wht", "token", 1);
  elsewhere.mutable_case_()->set_comparison_group("h");
  v1::CaseResult blocks = Member("monarch", "all_to_all", 0.25);
  (*blocks.mutable_case_()->mutable_operator_()->mutable_parameters())["blocks"] = "8";
  const std::vector<v1::CaseResult> records = {Member("wht", "token", 1),
                                               Member("wht", "pairwise", 2),
                                               Member("fnet", "token", 4),
                                               Member("fnet", "row", 8),
                                               blocks,
                                               elsewhere};
  const auto compared = CompareOperators(records, "wht", "fnet", {});
  ASSERT_TRUE(compared.ok()) << compared.status();
  std::vector<std::string> pairs;
  for (const Compared& pair : compared->pairs) {
    pairs.push_back(absl::StrCat(pair.first.case_().sharding(), ">", pair.second.case_().sharding(),
                                 " ", *pair.ratio, " ", pair.verdict));
  }
  EXPECT_THAT(pairs, ElementsAre("token>token 4 SLOWER", "pairwise>token 2 SLOWER",
                                 "pairwise>row 4 SLOWER"));
  EXPECT_THAT(compared->only_first, SizeIs(1)) << "the place where fnet was not measured";
  EXPECT_THAT(compared->only_second, IsEmpty());
  EXPECT_EQ(CompareOperators(records, "fnet", "monarch{blocks=8}", {})->Count("FASTER"), 2u);
  EXPECT_TRUE(absl::IsNotFound(CompareOperators(records, "wht", "monarch{blocks=9}", {}).status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(
      CompareOperators({Member("fnet", "row", 1), elsewhere}, "fnet", "wht", {}).status()));
}

TEST(CompareOperators, TakesThePairedRoundsAgainstTheBaseline) {
  v1::CaseResult baseline = Member("matmul", "token", 3), other = Member("wht", "token", 1);
  baseline.mutable_case_()->set_baseline(true);
  baseline.mutable_case_()->set_index(4);
  v1::BaselineComparison& rounds = *other.mutable_comparison();
  rounds.set_baseline_index(4);
  rounds.set_speedup(2);
  rounds.set_speedup_low(1.6);
  rounds.set_speedup_high(2.5);
  const auto paired = CompareOperators({baseline, other}, "matmul", "wht", {});
  ASSERT_TRUE(paired.ok());
  EXPECT_TRUE(paired->pairs[0].paired);
  EXPECT_DOUBLE_EQ(*paired->pairs[0].ratio, 0.5);  // and not 1 / 3
  EXPECT_DOUBLE_EQ(*paired->pairs[0].ratio_low, 0.4);
  EXPECT_DOUBLE_EQ(*paired->pairs[0].ratio_high, 1 / 1.6);
  EXPECT_EQ(paired->pairs[0].verdict, "FASTER");
  // The rounds say nothing about another baseline, or the other way round.
  rounds.set_baseline_index(5);
  EXPECT_FALSE(CompareOperators({baseline, other}, "matmul", "wht", {})->pairs[0].paired);
  EXPECT_FALSE(CompareOperators({baseline, other}, "wht", "matmul", {})->pairs[0].paired);
}

}  // namespace
}  // namespace basisbench
