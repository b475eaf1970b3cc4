// SPDX-License-Identifier: Apache-2.0
#include "services/cli/equal_budget.h"

#include <cmath>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/cli/printer.h"
#include "tests/fakes/status_matchers.h"
#include "tests/unit/services/cli/records.h"

namespace basisbench {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr int64_t kDense = 1 << 20;  // weights of the MatMul

v1::CaseResult Of(const std::string& op, int64_t parameters, double median) {
  v1::CaseResult r = Record(op, median);
  r.set_job_id("j1");
  r.mutable_cost()->set_parameters(parameters);
  r.mutable_case_()->set_baseline(op == "matmul");
  return r;
}

v1::CaseResult Scored(v1::CaseResult record, double arbitrary) {
  v1::ExpressivenessScore& score = *record.add_scores();
  score.set_n(768);
  score.set_arbitrary(arbitrary);
  return record;
}

void Number(std::vector<v1::CaseResult>& records) {
  for (size_t i = 0; i < records.size(); ++i) {
    records[i].mutable_case_()->set_index(static_cast<uint32_t>(i));
  }
}

// "1/16: monarch fastest, lowrank": every class with its members in their order and what is marked.
std::vector<std::string> Said(const EqualComparison& comparison) {
  std::vector<std::string> lines;
  for (const EqualClass& of : comparison.classes) {
    std::string line = absl::StrCat("(", of.low, ", ", of.high, "]");
    for (const EqualMember& member : of.members) {
      absl::StrAppend(&line, " ", member.record->case_().operator_().name(),
                      member.fastest ? "+fastest" : "", member.within_noise ? "+noise" : "",
                      member.captures_most ? "+most" : "");
    }
    lines.push_back(line);
  }
  return lines;
}

std::string Bounds(int halvings) {
  return absl::StrCat("(", std::exp2(-halvings - 0.5), ", ", std::exp2(-halvings + 0.5), "]");
}

std::string Printed(const EqualComparison& comparison, Format format) {
  std::ostringstream out;
  PrintTable(EqualTable(comparison), {.format = format}, out);
  return out.str();
}

// Two of a sixteenth, one of them with a few weights more; one alone; one that has none.
std::vector<v1::CaseResult> Sweep() {
  std::vector<v1::CaseResult> records = {
      Of("matmul", kDense, 4),
      Scored(Of("lowrank", kDense / 16 + 300, 2), 0.25),
      Scored(Of("monarch", kDense / 16, 1), 0.125),
      Of("blockdiag", kDense / 4, 3),
      Scored(Of("wht", 0, 0.5), 0),
  };
  Number(records);
  return records;
}

TEST(CompareAtEqual, PutsWhatSpendsAboutAsMuchIntoOneClass) {
  const auto records = Sweep();
  const auto equal = CompareAtEqual(records, Budget::kParameters, {});
  ASSERT_THAT(equal, IsOk());
  EXPECT_THAT(Said(*equal),
              ElementsAre(Bounds(0) + " matmul+fastest", Bounds(2) + " blockdiag+fastest",
                          Bounds(4) + " monarch+fastest lowrank+most", "(0, 0] wht+fastest+most"));
  const EqualMember& monarch = equal->classes[2].members[0];
  EXPECT_EQ(monarch.budget, kDense / 16);
  EXPECT_EQ(monarch.share, 1.0 / 16);
  EXPECT_EQ(*monarch.versus.ratio, 0.25);
  EXPECT_EQ(monarch.versus.verdict, "FASTER");
  EXPECT_EQ(equal->classes[0].members[0].versus.verdict, "") << "MatMul is not held against itself";
  EXPECT_FALSE(equal->classes[1].members[0].captured) << "it was not scored";
  EXPECT_THAT(equal->left_out, IsEmpty());
}

TEST(CompareAtEqual, SaysTheBoundsAndMarksInTheTable) {
  const auto records = Sweep();
  const auto equal = CompareAtEqual(records, Budget::kParameters, {});
  const std::string table = Printed(*equal, Format::kTable);
  EXPECT_THAT(table, HasSubstr("512x768x3072 f32, 2 ranks: 1/16 of matmul's parameters (above "
                               "0.0442, up to 0.0884 of 1048576)"));
  EXPECT_THAT(table, HasSubstr(": 1 times matmul's parameters (above 0.707, up to 1.41 of"));
  EXPECT_THAT(table, HasSubstr(": no parameters (matmul has 1048576)"));
  EXPECT_THAT(table, testing::ContainsRegex("monarch .* 0.25x .* FASTER .* 12.5 % .* fastest\n"));
  EXPECT_THAT(table, testing::ContainsRegex("lowrank .* 0.5x .* 25.0 % .* captures most\n"));
  EXPECT_THAT(table, testing::ContainsRegex("blockdiag .* 0.75x .* - +alone\n"));
}

TEST(CompareAtEqual, TellsProgramsTheSame) {
  const auto records = Sweep();
  const Json rows =
      Json::parse(Printed(*CompareAtEqual(records, Budget::kParameters, {}), Format::kJson));
  ASSERT_EQ(rows.size(), records.size());
  const Json& blockdiag = rows[1];
  EXPECT_EQ(blockdiag["operator"], "blockdiag");
  EXPECT_EQ(blockdiag["equal"], "parameters");
  EXPECT_EQ(blockdiag["reference"], kDense);
  EXPECT_EQ(blockdiag["budget"], kDense / 4);
  EXPECT_EQ(blockdiag["budget_share"], 0.25);
  EXPECT_NEAR(blockdiag["class_high"].get<double>(), 0.25 * std::sqrt(2), 1e-15);
  EXPECT_TRUE(blockdiag["captured_arbitrary"].is_null()) << "never 0 for what was not scored";
  EXPECT_EQ(blockdiag["captures_most"], false);
  EXPECT_EQ(rows[2]["fastest"], true);
  EXPECT_EQ(rows[3]["captures_most"], true);
  EXPECT_EQ(rows[3]["captured_arbitrary"], 0.25);
}

// The ends of a class by its definition: sqrt(2) is included above, 1/sqrt(2) is not.
TEST(CompareAtEqual, EndsAClassHalfAPowerOfTwoAwayFromIt) {
  const double half = std::sqrt(0.5);
  const struct {
    double share;
    int halvings;
  } cases[] = {{1, 0},    {half * 1.001, 0}, {half * 0.999, 1}, {0.5, 1},
               {1.40, 0}, {1.42, -1},        {3, -2},           {1e-3, 10}};
  for (const auto& c : cases) {
    std::vector<v1::CaseResult> records = {Of("matmul", kDense, 2), Of("x", 1, 1)};
    Number(records);
    records[1].mutable_cost()->set_flops_executed(c.share * records[0].cost().flops_executed());
    const auto equal = CompareAtEqual(records, Budget::kFlops, {});
    ASSERT_THAT(equal, IsOk());
    for (const EqualClass& of : equal->classes) {
      for (const EqualMember& member : of.members) {
        if (member.record->case_().baseline()) continue;
        EXPECT_DOUBLE_EQ(of.high, std::exp2(0.5 - c.halvings)) << c.share;
        EXPECT_GT(member.share, of.low);
        EXPECT_LE(member.share, of.high);
      }
    }
  }
}

TEST(CompareAtEqual, AddsMemoryAndWireAndTakesCountedMemoryOnlyWhereAllOfItWas) {
  std::vector<v1::CaseResult> records = {Of("matmul", kDense, 2), Of("x", 1, 1)};
  Number(records);
  records[0].mutable_cost()->set_bytes_min(600);
  records[0].set_counted_wire_bytes_total(400);
  records[1].mutable_cost()->set_bytes_min(100);
  records[1].set_counted_wire_bytes_total(150);
  records[0].mutable_memory_bytes()->set_value(3600);
  const auto model = CompareAtEqual(records, Budget::kBytes, {});
  ASSERT_THAT(model, IsOk());
  EXPECT_EQ(model->classes[1].reference, 1000);
  EXPECT_EQ(model->classes[1].members[0].share, 0.25);
  EXPECT_THAT(Printed(*model, Format::kTable), HasSubstr("memory (model) and wire bytes"));
  records[1].mutable_memory_bytes()->set_value(350);
  const auto counted = CompareAtEqual(records, Budget::kBytes, {});
  EXPECT_EQ(counted->classes[1].reference, 4000);
  EXPECT_EQ(counted->classes[1].members[0].share, 0.125);
  EXPECT_THAT(Printed(*counted, Format::kTable), HasSubstr("memory (measured) and wire bytes"));
}

TEST(CompareAtEqual, CountsErrorsInDecadesOfTheUnitRoundoff) {
  for (const auto& [dtype, bits] : std::vector<std::pair<std::string, int>>{
           {"f64", 53}, {"f32", 24}, {"f16", 11}, {"tf32", 11}, {"bf16", 8}}) {
    std::vector<v1::CaseResult> records = {Of("matmul", kDense, 2), Of("a", 1, 1), Of("b", 1, 3),
                                           Of("exact", 1, 1)};
    Number(records);
    const double errors[] = {0.5, 3, 7, 0};
    for (size_t i = 0; i < records.size(); ++i) {
      records[i].mutable_case_()->set_dtype(dtype);
      records[i].mutable_validation()->set_relative_error(errors[i] * std::exp2(-bits));
    }
    const auto equal = CompareAtEqual(records, Budget::kError, {});
    ASSERT_THAT(equal, IsOk());
    EXPECT_THAT(Said(*equal), ElementsAre("(0, 1] exact+fastest matmul", "(1, 10] a+fastest b"));
    EXPECT_EQ(equal->classes[1].members[1].share, 7);
    EXPECT_EQ(*equal->classes[1].members[1].versus.ratio, 1.5);
    EXPECT_THAT(Printed(*equal, Format::kTable),
                HasSubstr("2 ranks: error above 1 u, up to 10 u (u = "));
  }
}

TEST(CompareAtEqual, DoesNotCallFastestWhatTheIntervalsCannotTellApart) {
  std::vector<v1::CaseResult> records = {Of("matmul", kDense, 1.01), Of("x", kDense, 1),
                                         Of("slow", kDense, 2), Of("few", kDense, 9)};
  Number(records);
  records[3].mutable_timing()->mutable_seconds()->clear_median_ci_low();
  const auto equal = CompareAtEqual(records, Budget::kParameters, {});
  EXPECT_THAT(Said(*equal), ElementsAre(Bounds(0) + " x+fastest matmul+noise slow few+noise"));
}

TEST(CompareAtEqual, LeavesOutWhatMayNotBeRankedAndSaysWhy) {
  auto records = Sweep();
  records[2].set_outcome(v1::OUTCOME_CRASHED);
  records[2].set_detail("rank 1 ended by signal 11");
  const auto equal = CompareAtEqual(records, Budget::kParameters, {});
  ASSERT_THAT(equal, IsOk());
  EXPECT_THAT(equal->left_out, ElementsAre("monarch row of 512x768x3072 f32, 2 ranks (CRASHED: "
                                           "rank 1 ended by signal 11)"));
  EXPECT_THAT(Said(*equal)[2], HasSubstr("lowrank+fastest+most"));
  EXPECT_THAT(Printed(*equal, Format::kTable), Not(HasSubstr("monarch")));
}

TEST(CompareAtEqual, KeepsTheBudgetOfAMatMulThatFailedButNoRatio) {
  auto records = Sweep();
  records[0].set_outcome(v1::OUTCOME_TIMED_OUT);
  const auto equal = CompareAtEqual(records, Budget::kParameters, {});
  ASSERT_THAT(equal, IsOk());
  EXPECT_EQ(equal->classes[1].members[0].share, 1.0 / 16);
  EXPECT_FALSE(equal->classes[1].members[0].versus.ratio);
  EXPECT_EQ(equal->classes[1].members[0].versus.verdict, "");
  EXPECT_THAT(equal->left_out, ElementsAre(HasSubstr("matmul row of")));
}

TEST(CompareAtEqual, WidensTheIntervalsOfAllPairsTogether) {
  const auto records = Sweep();
  const auto alone = CompareAtEqual(records, Budget::kParameters, {.per_case = true});
  const auto together = CompareAtEqual(records, Budget::kParameters, {});
  const double ends = 0.99 / 1.01, ratio = 0.25;
  EXPECT_NEAR(*alone->classes[2].members[0].versus.ratio_low, ratio * ends, 1e-12);
  EXPECT_NEAR(*together->classes[2].members[0].versus.ratio_low,
              ratio * std::pow(ends, Widening(4)), 1e-12);
}

TEST(CompareAtEqual, RefusesWhatHasNothingToTakeSharesOf) {
  std::vector<v1::CaseResult> records = {Of("a", 4, 1), Of("b", 4, 2)};
  Number(records);
  const auto refused = CompareAtEqual(records, Budget::kFlops, {});
  EXPECT_TRUE(absl::IsFailedPrecondition(refused.status()));
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("no MatMul, of whose flops"));
  EXPECT_THAT(CompareAtEqual(records, Budget::kError, {}), IsOk());
  for (v1::CaseResult& record : records) record.mutable_case_()->set_dtype("f8");
  EXPECT_THAT(std::string(CompareAtEqual(records, Budget::kError, {}).status().message()),
              HasSubstr("the unit roundoff of 'f8'"));
}

}  // namespace
}  // namespace basisbench
