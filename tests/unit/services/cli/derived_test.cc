// SPDX-License-Identifier: Apache-2.0
#include "services/cli/derived.h"

#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/cli/case_document.h"
#include "services/cli/exit_code.h"
#include "services/cli/printer.h"
#include "services/cli/result_table.h"
#include "tests/unit/services/cli/records.h"

namespace basisbench {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Derived, MatchesFiguresComputedByHand) {
  v1::CaseResult r = Record("monarch", 0.01);
  Count(r, "all_reduce", 3'000'000, 0.002);
  Count(r, "send_recv", 1'000'000, 0.001);
  r.set_counted_wire_bytes_total(8'000'000);
  r.mutable_cost()->set_wire_bytes_lower_bound(2e6);
  const Derived d = Derive(r);
  EXPECT_TRUE(d.rankable);
  EXPECT_DOUBLE_EQ(*d.executed_flops_per_second, 2e11);
  EXPECT_DOUBLE_EQ(*d.effective_flops_per_second, 8e11);
  EXPECT_DOUBLE_EQ(*d.gemm_roof_fraction, 0.2);
  EXPECT_DOUBLE_EQ(*d.copy_roof_fraction, 0.5);  // 1e8 bytes / 0.01 s over 2e10
  EXPECT_EQ(d.roof, "copy");
  EXPECT_EQ(*d.wire_bytes, 8'000'000);
  EXPECT_EQ(*d.wire_bytes_max_rank, 4'000'000);
  EXPECT_DOUBLE_EQ(*d.wire_bound_ratio, 2.0);
  EXPECT_DOUBLE_EQ(*d.wire_roof_fraction, 0.4);  // 4e6 bytes / 0.01 s over 1e9
}

TEST(Derived, UsesTheFactorOfEachCollective) {
  v1::CaseResult r = Record("x", 0.01);
  r.mutable_case_()->set_ranks(4);
  for (const char* name : {"all_reduce", "all_gather", "reduce_scatter", "all_to_all", "send_recv"})
    Count(r, name, 3'000'000, 0.001);
  Count(r, "broadcast", 3'000'000, 0.001);
  Count(r, "all_gather", 3'000'000, 0);
  const auto rates = DeriveCollectives(r);
  ASSERT_EQ(rates.size(), 7u);
  const double algbw[] = {2e9, 4e9, 4e9, 4e9, 3e9};  // 3e9 over 3/2, 3/4, 3/4, 3/4, 1
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_DOUBLE_EQ(*rates[i].busbw_bytes_per_second, 3e9) << rates[i].collective;
    EXPECT_DOUBLE_EQ(*rates[i].algbw_bytes_per_second, algbw[i]) << rates[i].collective;
  }
  EXPECT_FALSE(rates[5].algbw_bytes_per_second);  // a tree
  EXPECT_FALSE(rates[6].busbw_bytes_per_second);  // not timed
}

TEST(Derived, RanksOnlyWhatWasValidated) {
  v1::CaseResult wrong = Record("x", 0.01);
  wrong.set_outcome(v1::OUTCOME_INVALID_RESULT);
  EXPECT_FALSE(Derive(wrong).rankable);
  EXPECT_FALSE(Derive(wrong).median_seconds);
  EXPECT_EQ(Derive(wrong).verdict, "INVALID");
  v1::CaseResult unchecked = Record("x", 0.01);
  unchecked.mutable_validation()->set_method("none");
  unchecked.mutable_comparison()->set_verdict("FASTER");
  EXPECT_FALSE(Derive(unchecked).rankable);
  EXPECT_EQ(Derive(unchecked).verdict, "UNVALIDATED");
  EXPECT_FALSE(Derive(unchecked).speedup);
}

TEST(Derived, InventsNothing) {
  const Derived d = Derive(v1::CaseResult());
  EXPECT_FALSE(d.median_seconds || d.executed_flops_per_second || d.wire_bytes || d.energy_joules ||
               d.relative_error || d.memory_bytes_model || d.roof_fraction);
  v1::CaseResult r = Record("x", 0.01);
  r.mutable_energy_joules()->set_note("no RAPL");
  const Json document = CaseDocument(r);
  EXPECT_TRUE(document["derived"]["energy_joules"].is_null());
  EXPECT_EQ(document["not_measured"]["energy_joules"], "no RAPL");
  EXPECT_FALSE(document["not_measured"].contains("median_seconds"));
}

TEST(Derived, TellsTheShellHowAJobEnded) {
  v1::Job job;
  std::vector<v1::CaseResult> results = {Record("x", 1)};
  job.set_state(v1::JOB_STATE_SUCCEEDED);
  EXPECT_EQ(ExitCodeForJob(job, results), kExitOk);
  job.set_state(v1::JOB_STATE_CANCELLED);
  EXPECT_EQ(ExitCodeForJob(job, results), kExitJobCancelled);
  job.set_state(v1::JOB_STATE_FAILED);
  EXPECT_EQ(ExitCodeForJob(job, results), kExitJobFailed);
  results[0].set_outcome(v1::OUTCOME_INVALID_RESULT);
  EXPECT_EQ(ExitCodeForJob(job, results), kExitVerificationFailed);
}

std::string Printed(const Table& table, Format format) {
  std::ostringstream out;
  PrintTable(table, {.format = format}, out);
  return out.str();
}

TEST(ResultTable, LeadsWithTheBaselineAndShowsEnergyWhereMeasured) {
  v1::CaseResult slow = Record("slow", 0.04), base = Record("matmul", 0.02),
                 fast = Record("fast", 0.01), wrong = Record("wrong", 0.001);
  base.mutable_case_()->set_baseline(true);
  wrong.set_outcome(v1::OUTCOME_INVALID_RESULT);
  const std::vector<v1::CaseResult> all = {slow, wrong, base, fast};
  EXPECT_EQ(Printed(ResultTable(all), Format::kName), "matmul\nfast\nslow\nwrong\n");
  EXPECT_THAT(Printed(ResultTable(all), Format::kTable), Not(HasSubstr("ENERGY")));
  fast.mutable_energy_joules()->set_value(0.5);
  EXPECT_THAT(Printed(ResultTable({fast}), Format::kTable), HasSubstr("500 mJ"));
  // The columns of a CSV do not depend on what was measured.
  const std::string with = Printed(ResultTable({fast}), Format::kCsv);
  const std::string without = Printed(ResultTable({slow}), Format::kCsv);
  EXPECT_EQ(with.substr(0, with.find('\n')), without.substr(0, without.find('\n')));
}

TEST(ResultTable, SaysWhichShardingWasChosenAndWhatTheOthersWerePredictedToTake) {
  v1::CaseResult chosen = Record("matmul", 0.02);
  const std::string named = Printed(ResultTable({chosen}), Format::kWide);
  EXPECT_THAT(named, Not(HasSubstr("PREDICTED BY SHARDING")));
  chosen.mutable_case_()->set_requested_sharding("auto");
  chosen.add_sharding_choices()->set_sharding("row");
  chosen.mutable_sharding_choices(0)->set_predicted_seconds(0.018);
  chosen.add_sharding_choices()->set_sharding("summa");
  chosen.mutable_sharding_choices(1)->set_refusal("no grid of 3 ranks");
  EXPECT_THAT(Printed(ResultTable({chosen}), Format::kTable), HasSubstr("row (auto)"));
  EXPECT_THAT(Printed(ResultTable({chosen}), Format::kWide),
              HasSubstr("row 18.0 ms, summa: no grid of 3 ranks"));
  const Json row = Json::parse(Printed(ResultTable({chosen}), Format::kJson))[0];
  EXPECT_EQ(row["sharding"], "row") << "what scripts compare by";
  EXPECT_EQ(row["requested_sharding"], "auto");
  const Json document = CaseDocument(chosen);
  EXPECT_EQ(document["sharding_choices"][0]["predicted_seconds"], 0.018);
}

v1::CaseResult AtSite(const std::string& op, const std::string& site, double median, double calls) {
  v1::CaseResult r = Record(op, median);
  v1::Case& c = *r.mutable_case_();
  c.set_preset("toy");
  c.set_site(site);
  c.set_comparison_group(site);
  c.set_calls_per_layer(calls);
  c.set_calls_per_model(calls * 10);
  c.set_baseline(op == "matmul");
  return r;
}

TEST(ModelTable, SumsMediansTimesCallsAndWithholdsSumsWithHoles) {
  std::vector<v1::CaseResult> results = {
      AtSite("matmul", "q", 0.001, 1), AtSite("matmul", "up", 0.004, 2),
      AtSite("gate", "q", 0.0005, 1), AtSite("gate", "up", 0.002, 2)};
  Json rows = Json::parse(Printed(ModelTable(results), Format::kJson));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_DOUBLE_EQ(rows[0]["seconds_per_layer"], 0.009);  // 0.001 + 2 x 0.004
  EXPECT_DOUBLE_EQ(rows[1]["seconds_per_model"], 0.045);
  EXPECT_DOUBLE_EQ(rows[1]["speedup"], 2.0);
  // Sites that chose differently add up all the same.
  for (v1::CaseResult& result : results) result.mutable_case_()->set_requested_sharding("auto");
  results[3].mutable_case_()->set_sharding("column");
  rows = Json::parse(Printed(ModelTable(results), Format::kJson));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[1]["sharding"], "auto");
  EXPECT_DOUBLE_EQ(rows[1]["seconds_per_model"], 0.045);
  results[3].set_outcome(v1::OUTCOME_CRASHED);
  rows = Json::parse(Printed(ModelTable(results), Format::kJson));
  EXPECT_EQ(rows[1]["missing_sites"], "up");
  EXPECT_TRUE(rows[1]["seconds_per_model"].is_null());
}

}  // namespace
}  // namespace basisbench
