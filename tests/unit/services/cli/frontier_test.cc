// SPDX-License-Identifier: Apache-2.0
#include "services/cli/frontier.h"

#include <map>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/cli/frontier_tables.h"
#include "services/cli/frontier_text.h"
#include "tests/fakes/status_matchers.h"
#include "tests/unit/services/cli/records.h"

namespace basisbench {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

v1::CaseResult Square(const std::string& op, int64_t tokens, int64_t n, double seconds) {
  v1::CaseResult r = Record(op, seconds);
  v1::Shape& shape = *r.mutable_case_()->mutable_shape();
  shape.set_tokens(tokens);
  shape.set_d_in(n);
  shape.set_d_out(n);
  r.mutable_case_()->set_ranks(1);
  r.mutable_case_()->set_comparison_group(absl::StrCat(tokens, "x", n, "x", n));
  return r;
}

void Number(std::vector<v1::CaseResult>* records) {
  uint32_t index = 0;
  for (v1::CaseResult& r : *records) {
    r.set_job_id("job");
    r.mutable_case_()->set_index(index++);
  }
}

void Score(v1::CaseResult* r, int64_t n, double arbitrary, double fast) {
  v1::ExpressivenessScore& score = *r->add_scores();
  score.set_n(n);
  score.set_arbitrary(arbitrary);
  score.set_fast(fast);
}

void Beside(v1::CaseResult* r, double speedup, double spread = 1.02) {
  v1::BaselineComparison& c = *r->mutable_comparison();
  c.set_verdict(speedup >= 1 ? "FASTER" : "SLOWER");
  c.set_speedup(speedup);
  c.set_speedup_low(speedup / spread);
  c.set_speedup_high(speedup * spread);
  c.set_rounds(20);
}

// MatMul and an alternative at each n; the alternative is (n / 200) times as fast.
std::vector<v1::CaseResult> Sweep() {
  std::vector<v1::CaseResult> records;
  for (const int64_t n : {64, 128, 256, 512}) {
    v1::CaseResult dense = Square("matmul", 32, n, n * 1e-6);
    dense.mutable_case_()->set_baseline(true);
    Score(&dense, 64, 1, 1);
    records.push_back(dense);
    v1::CaseResult other = Square("monarch", 32, n, 200e-6);
    (*other.mutable_case_()->mutable_operator_()->mutable_parameters())["blocks"] =
        std::to_string(n / 8);
    Score(&other, 64, 0.4, 0.6);
    Score(&other, 256, 0.2, 0.5);
    Beside(&other, n / 200.0);
    records.push_back(other);
  }
  Number(&records);
  return records;
}

TEST(BuildFrontier, FindsTheCrossoverOfAnOperatorWhoseParametersFollowTheSize) {
  const auto records = Sweep();
  const auto frontier = BuildFrontier(records, {});
  ASSERT_THAT(frontier, IsOk());
  EXPECT_EQ(frontier->groups.size(), 4u);
  ASSERT_EQ(frontier->crossovers.size(), 1u);
  const FrontierCrossover& found = frontier->crossovers[0];
  EXPECT_EQ(found.series, "monarch");
  EXPECT_EQ(found.along, "n");
  EXPECT_EQ(found.fixed, 32);
  EXPECT_NEAR(*found.crossover.at, 200, 1e-6);
  EXPECT_EQ(CrossoverText(found), "faster from n = 200 [196, 204]");
}

TEST(BuildFrontier, RanksByCapturedEnergyAndCost) {
  const auto records = Sweep();
  const auto frontier = BuildFrontier(records, {});
  const FrontierGroup& small = frontier->groups[0];  // n = 64: the alternative is slower
  EXPECT_EQ(frontier->points[small.points[0]].standing[0][0], Standing::kFront);
  EXPECT_EQ(frontier->points[small.points[1]].standing[0][0], Standing::kDominated);
  const FrontierGroup& large = frontier->groups[3];  // n = 512: each has its merit
  for (const size_t i : large.points) {
    EXPECT_EQ(frontier->points[i].standing[0][0], Standing::kFront);
    // Nothing counted joules.
    EXPECT_EQ(frontier->points[i].standing[4][0], Standing::kAbsent);
  }
  EXPECT_EQ(*frontier->headline, 3u);
}

TEST(BuildFrontier, TakesTheScoreOfTheSizeOrTheLargestScored) {
  const auto records = Sweep();
  const auto frontier = BuildFrontier(records, {});
  std::map<int64_t, std::pair<int64_t, double>> by_n;
  for (const FrontierPoint& point : frontier->points) {
    if (point.series != "monarch") continue;
    by_n[point.record->case_().shape().d_in()] = {point.score_n, *point.gain[0]};
  }
  EXPECT_EQ(by_n[64], std::pair(int64_t{64}, 0.4));
  EXPECT_EQ(by_n[256], std::pair(int64_t{256}, 0.2));
  EXPECT_EQ(by_n[512], std::pair(int64_t{256}, 0.2));
}

TEST(BuildFrontier, NeverRanksWhatIsWrongOrUnchecked) {
  auto records = Sweep();
  records[1].set_outcome(v1::OUTCOME_INVALID_RESULT);
  records[1].set_detail("row 3 is off");
  records[3].mutable_validation()->set_method("none");
  records[5].set_outcome(v1::OUTCOME_UNSUPPORTED);
  const auto frontier = BuildFrontier(records, {});
  EXPECT_EQ(frontier->points[1].excluded, "INVALID_RESULT: row 3 is off");
  EXPECT_THAT(frontier->points[3].excluded, HasSubstr("NOT VALIDATED"));
  EXPECT_EQ(frontier->points[5].excluded, "UNSUPPORTED");
  for (const size_t i : {1, 3, 5}) {
    for (const auto& cost : frontier->points[i].cost) EXPECT_FALSE(cost);
    for (const auto& axis : frontier->points[i].standing) {
      EXPECT_THAT(axis, ElementsAre(Standing::kAbsent, Standing::kAbsent));
    }
  }
  EXPECT_THAT(frontier->crossovers, IsEmpty());  // one size is left
  EXPECT_EQ(ExcludedTable(*frontier).rows.size(), 3u);
}

TEST(BuildFrontier, RefusesUnlikeRecordsUnlessForcedAndThenSaysSo) {
  auto method = Sweep(), machine = Sweep();
  method[2].mutable_environment()->set_method_version(2);
  machine[2].mutable_environment()->mutable_nodes(0)->set_cpu_model("CPU B");
  EXPECT_THAT(BuildFrontier(method, {}),
              Fails(absl::StatusCode::kFailedPrecondition, "method versions (1, 2)"));
  EXPECT_THAT(BuildFrontier(machine, {}),
              Fails(absl::StatusCode::kFailedPrecondition, "machines (CPU A, CPU B)"));
  const auto forced = BuildFrontier(machine, {.force = true});
  ASSERT_THAT(forced, IsOk());
  EXPECT_THAT(forced->warnings, ElementsAre(HasSubstr("CPU A, CPU B")));
  const auto alike = Sweep();
  EXPECT_THAT(BuildFrontier(alike, {})->warnings, IsEmpty());
}

TEST(BuildFrontier, NamesParametersWhereOneGroupHoldsSeveral) {
  auto records = Sweep();
  v1::CaseResult wider = records[1];
  (*wider.mutable_case_()->mutable_operator_()->mutable_parameters())["blocks"] = "4";
  records.push_back(wider);
  Number(&records);
  const auto frontier = BuildFrontier(records, {});
  EXPECT_EQ(frontier->points[1].series, "monarch{blocks=8}");
  EXPECT_EQ(frontier->points[8].series, "monarch{blocks=4}");
  EXPECT_EQ(frontier->points[0].series, "matmul");
}

TEST(BuildFrontier, KeepsOnlyTheTokensAskedFor) {
  const auto records = Sweep();
  EXPECT_EQ(BuildFrontier(records, {.tokens = 32})->points.size(), 8u);
  EXPECT_THAT(BuildFrontier(records, {.tokens = 7}),
              Fails(absl::StatusCode::kInvalidArgument, "none of the 8 records has 7 tokens"));
  const std::vector<v1::CaseResult> none;
  EXPECT_THAT(BuildFrontier(none, {}), Fails(absl::StatusCode::kInvalidArgument, "no records"));
}

TEST(BuildFrontier, PutsTheBoundOfTheRoofsBesideTheSpeedup) {
  auto records = Sweep();
  for (v1::CaseResult& r : records) {
    const double n = static_cast<double>(r.case_().shape().d_in());
    r.mutable_cost()->set_flops_effective(2 * 32 * n * n);
    r.mutable_roofs()->set_gemm_flops_per_second(1e11);
    r.mutable_roofs()->set_copy_bytes_per_second(1e10);
  }
  const auto frontier = BuildFrontier(records, {});
  EXPECT_DOUBLE_EQ(*frontier->groups[0].bound, 64 * 1e10 / (1e11 * 4));
  // 2 * 32 * 64^2 FLOPs at 10^11 take 2.6 us, (2 * 32 * 64 + 64^2) * 4 bytes at 10^10 take 3.3 us.
  EXPECT_FALSE(frontier->groups[0].bound_applies);
  for (v1::CaseResult& r : records) {
    r.mutable_roofs()->set_copy_bytes_per_second(1e11);
  }
  EXPECT_TRUE(BuildFrontier(records, {})->groups[0].bound_applies);
}

TEST(BuildFrontier, ShowsCountedMemoryOnlyWhereAllOfAGroupHasIt) {
  auto records = Sweep();
  records[0].mutable_memory_bytes()->set_value(5e6);
  auto frontier = BuildFrontier(records, {});
  EXPECT_EQ(frontier->groups[0].memory_basis, "model");
  EXPECT_EQ(frontier->points[0].cost[2]->value, 1e8);
  records[1].mutable_memory_bytes()->set_value(6e6);
  frontier = BuildFrontier(records, {});
  EXPECT_EQ(frontier->groups[0].memory_basis, "measured");
  EXPECT_EQ(frontier->points[0].cost[2]->value, 5e6);
  EXPECT_EQ(frontier->groups[1].memory_basis, "model");
}

TEST(BuildFrontier, KeepsWhatMixesTokensApartFromWhatMixesChannels) {
  // The dense rival of the second has its shape turned.
  std::vector<v1::CaseResult> records = {Square("matmul", 32, 64, 1), Square("wht", 32, 64, 1),
                                         Square("matmul", 64, 32, 1), Square("fnet", 32, 64, 1)};
  for (const size_t i : {0, 2}) records[i].mutable_case_()->set_baseline(true);
  for (const size_t i : {2, 3}) {
    records[i].mutable_case_()->set_comparison_group("32x64x64 tokens f32 r1 forward hot");
  }
  Number(&records);
  const auto frontier = BuildFrontier(records, {});
  ASSERT_EQ(frontier->groups.size(), 2u);
  EXPECT_FALSE(frontier->groups[0].mixes_tokens);
  EXPECT_TRUE(frontier->groups[1].mixes_tokens);
  EXPECT_EQ(frontier->groups[1].label, "32x64x64 over tokens f32, 1 rank");
  EXPECT_THAT(frontier->groups[1].points, ElementsAre(2, 3));
}

TEST(BuildFrontier, SetsArithmeticSavedAgainstCommunicationAdded) {
  std::vector<v1::CaseResult> records = {Square("matmul", 32, 64, 10e-3),
                                         Square("monarch", 32, 64, 4e-3)};
  records[0].mutable_case_()->set_baseline(true);
  for (v1::CaseResult& r : records) r.mutable_case_()->set_ranks(2);
  records[0].mutable_timing()->mutable_compute_seconds()->set_value(9e-3);
  records[0].mutable_cost()->set_flops_executed(9e9);
  records[1].mutable_timing()->mutable_compute_seconds()->set_value(2e-3);
  records[1].mutable_timing()->mutable_communication_seconds()->set_value(1.5e-3);
  records[1].mutable_cost()->set_flops_executed(2e9);
  records[1].set_counted_wire_bytes_total(4096);
  Number(&records);
  auto frontier = BuildFrontier(records, {});
  ASSERT_EQ(frontier->scaling.size(), 1u);
  const FrontierScaling& row = frontier->scaling[0];
  EXPECT_DOUBLE_EQ(row.flops_saved, 7e9);
  EXPECT_DOUBLE_EQ(row.wire_bytes_added, 4096);
  EXPECT_DOUBLE_EQ(*row.compute_seconds_saved, 7e-3);
  // MatMul sent nothing, so it took no time to.
  EXPECT_DOUBLE_EQ(*row.communication_seconds_added, 1.5e-3);
  EXPECT_DOUBLE_EQ(row.seconds_saved, 6e-3);
  records[1].mutable_timing()->clear_communication_seconds();
  frontier = BuildFrontier(records, {});
  EXPECT_FALSE(frontier->scaling[0].communication_seconds_added);
}

TEST(BuildFrontier, SumsUpErrorsByOperatorAndType) {
  auto records = Sweep();
  for (size_t i = 0; i < records.size(); ++i) {
    records[i].mutable_validation()->set_relative_error(1e-7 * static_cast<double>(i + 1));
  }
  records[7].mutable_case_()->set_dtype("f64");
  const auto frontier = BuildFrontier(records, {});
  ASSERT_EQ(frontier->errors.size(), 3u);
  const FrontierError& monarch = frontier->errors[1];
  EXPECT_EQ(monarch.series + monarch.dtype, "monarchf32");
  EXPECT_EQ(monarch.count, 3u);
  EXPECT_DOUBLE_EQ(monarch.smallest, 2e-7);
  EXPECT_DOUBLE_EQ(monarch.median, 4e-7);
  EXPECT_DOUBLE_EQ(monarch.largest, 6e-7);
  EXPECT_EQ(monarch.worst, 5u);
}

TEST(FrontierAnswer, IsThreeSentencesOfWhatTheRecordsSay) {
  const auto records = Sweep();
  const auto answer = FrontierAnswer(*BuildFrontier(records, {}));
  EXPECT_EQ(answer[0],
            "On CPU A, 1 of 1 alternatives beat MatMul somewhere in these 8 records (8 ranked): "
            "monarch by up to 2.56x [2.51x, 2.61x] at 32x512x512 f32, 1 rank.");
  EXPECT_EQ(
      answer[1],
      "Against MatMul at 32 tokens (f32, 1 rank): monarch is faster from n = 200 [196, 204].");
  EXPECT_THAT(answer[2], HasSubstr("monarch 20.0 % in 200 µs, matmul 100.0 % in 512 µs."));
}

TEST(FrontierAnswer, NamesOperatorsOfOneFindingTogether) {
  auto records = Sweep();
  for (const char* name : {"fast", "quick", "slow"}) {
    for (size_t i = 1; i < 8; i += 2) {
      v1::CaseResult other = records[i];
      other.mutable_case_()->mutable_operator_()->set_name(name);
      Beside(&other, std::string(name) == "slow" ? 0.5 : 3);
      records.push_back(other);
    }
  }
  Number(&records);
  EXPECT_EQ(FrontierAnswer(*BuildFrontier(records, {}))[1],
            "Against MatMul at 32 tokens (f32, 1 rank): fast and quick are faster at every n from "
            "64 to 512; monarch is faster from n = 200 [196, 204]; of slow the crossover is not "
            "reached in this sweep (n up to 512).");
}

TEST(FrontierAnswer, SaysWhatItCannotTell) {
  auto records = Sweep();
  for (v1::CaseResult& r : records) r.clear_scores();
  EXPECT_THAT(FrontierAnswer(*BuildFrontier(records, {}))[2], HasSubstr("--expressiveness"));
  for (v1::CaseResult& r : records) r.set_outcome(v1::OUTCOME_CRASHED);
  const auto answer = FrontierAnswer(*BuildFrontier(records, {}));
  EXPECT_EQ(answer[0], "No ranked record is compared with MatMul.");
  EXPECT_THAT(answer[1], HasSubstr("no crossover"));
}

TEST(FrontTable, ShowsPeopleTheFrontAndProgramsEverything) {
  const auto records = Sweep();
  const auto frontier = BuildFrontier(records, {});
  EXPECT_EQ(FrontTable(*frontier, Axis::kSeconds, true).rows.size(), 8u);
  // MatMul everywhere, the alternative where it is faster.
  EXPECT_EQ(FrontTable(*frontier, Axis::kSeconds, false).rows.size(), 6u);
}

TEST(WithoutRepeats, KeepsTheLastRecordOfACase) {
  auto records = Sweep();
  v1::CaseResult again = records[2];
  again.set_detail("again");
  records.push_back(again);
  const auto kept = WithoutRepeats(records);
  ASSERT_EQ(kept.size(), 8u);
  EXPECT_EQ(kept[2].detail(), "again");
}

}  // namespace
}  // namespace basisbench
