// SPDX-License-Identifier: Apache-2.0
#include "workers/expressiveness/score.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "workers/expressiveness/budgets.h"
#include "workers/expressiveness/catalogue.h"
#include "workers/expressiveness/operator_list.h"
#include "workers/expressiveness/report.h"

namespace basisbench {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

struct Refusal {
  std::string name;
  std::map<std::string, std::string> parameters;
  int64_t n;
  absl::StatusCode code;
  std::vector<std::string> says;
};

TEST(ResolveFamily, RefusesWhatItCannotScoreAndSaysWhy) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  const Refusal refusals[] = {
      {"lowrnk", {}, 64, kInvalid, {"lowrnk", "lowrank"}},
      {"lowrank", {{"rnk", "4"}}, 64, kInvalid, {"rnk", "rank"}},
      {"lowrank", {{"rank", "0"}}, 64, kInvalid, {"rank", "0"}},
      {"lowrank", {{"rank", "four"}}, 64, kInvalid, {"rank", "four"}},
      {"lowrank", {{"rank", "65"}}, 64, kInvalid, {"65", "64"}},
      {"lowrank", {{"rank", "99999999999999999999"}}, 64, kInvalid, {"rank"}},
      {"blockdiag", {{"blocks", "3"}}, 64, kInvalid, {"blocks", "3", "64"}},
      {"einsum", {{"alpha", "3"}}, 64, kInvalid, {"alpha", "64"}},
      {"einsum", {{"beta", "5"}}, 64, kInvalid, {"beta", "5", "64"}},
      {"einsum", {{"beta", "4611686018427387904"}}, 64, kInvalid, {"beta", "64"}},
      {"group_conv", {{"group", "monster"}}, 64, kInvalid, {"monster", "dihedral"}},
      {"stl", {{"rank", "65"}}, 64, kInvalid, {"65", "64"}},
      {"matmul", {}, 100, kInvalid, {"100"}},
      {"matmul", {}, 4, kInvalid, {"4"}},
      {"softmax_attention",
       {},
       64,
       absl::StatusCode::kUnimplemented,
       {"softmax_attention", "data"}},
  };
  for (const Refusal& refusal : refusals) {
    const auto family = ResolveFamily(refusal.name, refusal.parameters, refusal.n);
    EXPECT_EQ(family.status().code(), refusal.code) << refusal.name << " " << family.status();
    for (const std::string& word : refusal.says)
      EXPECT_THAT(std::string(family.status().message()), HasSubstr(word));
  }
}

TEST(ResolveFamily, ResolvesEveryFamilyOfTheCatalogueAtEverySize) {
  for (const std::string& name : FamilyNames()) {
    for (const int64_t n : {8, 16, 32, 64, 128, 1024}) {
      if (name == "stl" && n < 16) continue;
      const auto family = ResolveFamily(name, {}, n);
      ASSERT_TRUE(family.ok()) << name << " n=" << n << ": " << family.status();
      EXPECT_GT(family->flops_fraction, 0) << name;
      if (family->degrees_of_freedom.has_value() && family->parameters > 0) {
        EXPECT_LE(*family->degrees_of_freedom, family->parameters) << name;
      }
    }
  }
}

TEST(ResolveFamily, AcceptsWhatDoesNotChangeTheSet) {
  EXPECT_TRUE(ResolveFamily("wht", {{"axis", "token"}}, 64).ok());
}

TEST(FitTarget, RefusesATargetOfAnotherSize) {
  const auto fit = FitTarget(*ResolveFamily("matmul", {}, 64), *MakeTarget("WHT", 32), false);
  EXPECT_TRUE(absl::IsInvalidArgument(fit.status())) << fit.status();
}

TEST(FitTarget, IsDeterministicAndWithinItsBounds) {
  for (const std::string& name : FamilyNames()) {
    const auto family = ResolveFamily(name, {}, 16);
    ASSERT_TRUE(family.ok()) << family.status();
    if (family->same_for_every_target) continue;
    for (const char* target : {"HAAR", "DFT", "PERM"}) {
      const auto first = FitTarget(*family, *MakeTarget(target, 16), true);
      const auto second = FitTarget(*family, *MakeTarget(target, 16), true);
      ASSERT_TRUE(first.ok()) << name << ": " << first.status();
      EXPECT_EQ(first->captured, second->captured) << name;
      EXPECT_GE(first->captured, 0) << name;
      EXPECT_LE(first->captured, 1) << name;
      EXPECT_GE(*first->captured_canon, first->captured) << name;
    }
  }
}

TEST(MakeTarget, NamesWhatItDoesNotKnow) {
  EXPECT_THAT(std::string(MakeTarget("HARR", 64).status().message()),
              AllOf(HasSubstr("HARR"), HasSubstr("HAAR")));
}

TEST(Summarise, AveragesArbitraryAndFastTargetsApart) {
  FamilyInfo family = *ResolveFamily("blockdiag", {{"blocks", "4"}}, 64);
  const Score score =
      Summarise(family, {{"HAAR", .25, {}, ""}, {"GAUSS", .35, {}, ""}, {"DFT", .9, {}, ""}});
  EXPECT_DOUBLE_EQ(*score.mean, .5);
  EXPECT_DOUBLE_EQ(*score.arbitrary, .3);
  EXPECT_DOUBLE_EQ(*score.fast, .9);
  EXPECT_DOUBLE_EQ(*score.gain_per_parameter, 1.2);
  EXPECT_DOUBLE_EQ(*score.gain_per_flop, 1.2);
}

TEST(Summarise, LeavesOutWhatHasNoMeaning) {
  const Score score = Summarise(*ResolveFamily("wht", {}, 64), {{"WHT", 1, {}, ""}});
  EXPECT_FALSE(score.arbitrary.has_value());
  EXPECT_FALSE(score.gain_per_parameter.has_value());
  EXPECT_FALSE(Summarise(*ResolveFamily("wht", {}, 64), {{"HAAR", .1, {}, ""}})
                   .gain_per_parameter.has_value());
}

struct BudgetCase {
  std::string name;
  BudgetKind kind;
  double share;
  std::string text;  // empty: no member fits
};

TEST(Budgets, TakeTheLargestMemberThatFits) {
  const BudgetCase cases[] = {
      {"lowrank", BudgetKind::kParameters, .25, "lowrank{rank=8}"},
      {"lowrank", BudgetKind::kParameters, .26, "lowrank{rank=8}"},
      {"blockdiag", BudgetKind::kParameters, .25, "blockdiag{blocks=4}"},
      {"kron", BudgetKind::kFlops, .5, "kron{beta=8,epsilon=8,terms=2}"},
      {"kron", BudgetKind::kParameters, .25, "kron{beta=8,epsilon=8,terms=8}"},
      {"ksparse", BudgetKind::kParameters, .25, "ksparse{count=1024}"},
      {"monarch", BudgetKind::kParameters, .25, "monarch{blocks=8,depth=auto}"},
      {"butterfly", BudgetKind::kParameters, .1875, "butterfly"},
      {"butterfly", BudgetKind::kParameters, .18, ""},
      {"matmul", BudgetKind::kFlops, .5, ""},
      {"strassen", BudgetKind::kFlops, .95, "strassen{levels=1,variant=winograd}"},
  };
  for (const BudgetCase& c : cases) {
    const auto member = LargestWithin(c.name, {}, 64, {c.kind, "test", c.share});
    ASSERT_TRUE(member.ok()) << member.status();
    EXPECT_EQ(member->has_value() ? (*member)->text : "", c.text) << c.name << " " << c.share;
  }
}

TEST(Budgets, FourForParametersAndFourForFlops) {
  const std::vector<Budget> budgets = StandardBudgets(256);
  ASSERT_EQ(budgets.size(), 8u);
  EXPECT_DOUBLE_EQ(budgets[0].share, 1.0 / 16);
  EXPECT_DOUBLE_EQ(budgets[5].share, 1.0 / 8);
  EXPECT_EQ(budgets[5].kind, BudgetKind::kFlops);
}

TEST(OperatorList, ReadsNamesWithParameters) {
  const auto list = ParseOperatorList("monarch, lowrank{rank=4} ,btt{rank=2, block_order=strided}");
  ASSERT_TRUE(list.ok()) << list.status();
  ASSERT_EQ(list->size(), 3u);
  EXPECT_EQ((*list)[0].name, "monarch");
  EXPECT_TRUE((*list)[0].parameters.empty());
  EXPECT_EQ((*list)[1].parameters.at("rank"), "4");
  EXPECT_EQ((*list)[2].parameters.at("block_order"), "strided");
}

TEST(OperatorList, RefusesBrokenPieces) {
  for (const char* text : {"", "a,,b", "a{", "a}", "a{x}", "a{x=}", "a{=1}", "a{x=1,x=2}", "{x=1}"})
    EXPECT_TRUE(absl::IsInvalidArgument(ParseOperatorList(text).status())) << text;
}

std::vector<ReportRow> Rows() {
  const FamilyInfo family = *ResolveFamily("lowrank", {{"rank", "8"}}, 64);
  std::vector<ReportRow> rows(2);
  rows[0] = {.family = "lowrank", .n = 64};
  rows[0].score = Summarise(family, {{"HAAR", .125, .25, "I,S"}});
  rows[1] = {.family = "matmul", .n = 64, .budget = StandardBudgets(64)[0]};
  return rows;
}

TEST(Report, TableNamesColumnsAndGaps) {
  const std::string table = PrintReport(Rows(), ReportFormat::kTable);
  EXPECT_THAT(table, AllOf(HasSubstr("HAAR canon"), HasSubstr("0.12500"), HasSubstr("I,S"),
                           HasSubstr("none fits"), HasSubstr("params <= 2 lg n / n")));
}

TEST(Report, CsvQuotesCommas) {
  const std::string csv = PrintReport(Rows(), ReportFormat::kCsv);
  EXPECT_THAT(csv, HasSubstr("n,budget,family,method,params/n^2"));
  EXPECT_THAT(csv, HasSubstr("\"I,S\""));
}

TEST(Report, JsonHoldsTheRecord) {
  const std::string json = PrintReport(Rows(), ReportFormat::kJson);
  for (const char* field : {"degrees_of_freedom", "flops_fraction", "captured_canon", "\"share\""})
    EXPECT_THAT(json, HasSubstr(field));
}

TEST(Report, RefusesAnUnknownFormat) {
  EXPECT_TRUE(absl::IsInvalidArgument(ParseReportFormat("xml").status()));
}

}  // namespace
}  // namespace basisbench
