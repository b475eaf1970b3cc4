// SPDX-License-Identifier: Apache-2.0
// Whole attempts with ranks as threads, right operators and wrong ones.
#include "workers/runner/local_run.h"

#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/base/status_macros.h"
#include "tests/fakes/wrapped_operator.h"
#include "workers/operators/registry.h"
#include "workers/runner/sharding_choice.h"

namespace basisbench {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// Spoils the first output element after each iteration.
std::unique_ptr<Plan> Spoil(std::unique_ptr<Plan> plan, const Problem&) {
  return std::make_unique<WrappedPlan>(std::move(plan), [](Plan& inner) {
    BB_RETURN_IF_ERROR(inner.Run());
    const Shard output = inner.Outputs().front();
    if (!output.rows.empty()) *static_cast<float*>(output.data) = 0;
    return absl::OkStatus();
  });
}
std::unique_ptr<Plan> Leave(std::unique_ptr<Plan> plan, const Problem&) { return plan; }

// Declares half of what it sends.
class UndeclaredMatMul : public WrappedOperator {
 public:
  UndeclaredMatMul() : WrappedOperator("test_undeclared", "matmul", Leave) {}
  OperatorCost Cost(const Problem& problem) const override {
    OperatorCost cost = WrappedOperator::Cost(problem);
    for (TrafficTable& table : cost.traffic) {
      for (Traffic& traffic : table) traffic.bytes_sent /= 2;
    }
    return cost;
  }
};

class UnplannableMatMul : public WrappedOperator {
 public:
  UnplannableMatMul() : WrappedOperator("test_unplannable", "matmul", Leave) {}
  absl::StatusOr<std::unique_ptr<Plan>> MakePlan(const Problem& problem, Device& device,
                                                 Communicator& communicator) const override {
    if (communicator.rank() == 1) return absl::ResourceExhaustedError("no room for 7 bytes");
    return WrappedOperator::MakePlan(problem, device, communicator);
  }
};

const RegisterOperator kWrong(std::make_unique<WrappedOperator>("test_wrong", "matmul", Spoil));
const RegisterOperator kUndeclared(std::make_unique<UndeclaredMatMul>());
const RegisterOperator kUnplannable(std::make_unique<UnplannableMatMul>());

void AddCase(v1::Assignment& work, const std::string& name, const std::string& sharding) {
  v1::Case* spec = work.add_cases();
  spec->set_index(static_cast<uint32_t>(work.cases_size() - 1));
  spec->mutable_operator_()->set_name(name);
  spec->mutable_shape()->set_tokens(40);
  spec->mutable_shape()->set_d_in(24);
  spec->mutable_shape()->set_d_out(32);
  spec->set_sharding(sharding);
  spec->set_ranks(2);
  spec->set_comparison_group("g");
  spec->set_baseline(work.cases_size() == 1);
}

v1::Assignment Work() {
  v1::Assignment work;
  work.set_job_id("job");
  work.set_attempt_id("attempt");
  work.mutable_measurement()->set_max_samples(25);
  work.mutable_measurement()->mutable_min_time()->set_nanos(1000);
  return work;
}

std::vector<v1::CaseResult> RunAll(const v1::Assignment& work, int64_t memory_bytes = 0) {
  std::vector<v1::CaseResult> records;
  const absl::Status status =
      RunLocally({.ranks = 2, .memory_bytes = memory_bytes}, work,
                 [&records](const v1::CaseResult& record) { records.push_back(record); });
  EXPECT_TRUE(status.ok()) << status;
  return records;
}

TEST(LocalRun, ARecordJoinsTimeCostTrafficErrorAndConditions) {
  v1::Assignment work = Work();
  AddCase(work, "matmul", "token");
  AddCase(work, "matmul", "column");
  const auto records = RunAll(work);
  ASSERT_EQ(records.size(), 2u);
  const v1::CaseResult& record = records[1];
  EXPECT_EQ(record.outcome(), v1::OUTCOME_OK) << record.detail();
  EXPECT_EQ(record.job_id(), "job");
  ASSERT_EQ(record.timing().samples_size(), 2);
  EXPECT_EQ(record.timing().samples(0).seconds_size(),
            static_cast<int>(record.timing().seconds().count()));
  for (uint32_t i = 0; i < record.timing().seconds().count(); ++i) {
    const double slowest = std::max(record.timing().samples(0).seconds(static_cast<int>(i)),
                                    record.timing().samples(1).seconds(static_cast<int>(i)));
    EXPECT_GE(slowest, record.timing().seconds().min());
    EXPECT_LE(slowest, record.timing().seconds().max());
  }
  EXPECT_FALSE(record.timing().stop_reason().empty());
  EXPECT_EQ(record.timing().warmup_iterations(), 3u);
  EXPECT_EQ(record.counted_wire_bytes_total(), record.cost().wire_bytes_total());
  // Means over the same iterations: what is inside cannot exceed the whole.
  ASSERT_EQ(record.counted_size(), 1);
  EXPECT_GT(record.counted(0).seconds(), 0);
  EXPECT_LE(record.counted(0).seconds(), record.timing().seconds().mean());
  EXPECT_TRUE(record.validation().passed());
  EXPECT_EQ(record.validation().exact_integer(), "passed");
  EXPECT_EQ(record.comparison().baseline_index(), 0u);
  EXPECT_GE(record.comparison().rounds(), 10u);
  EXPECT_GT(record.roofs().gemm_flops_per_second(), 0);
  EXPECT_TRUE(record.roofs().has_wire_bytes_per_second());
  EXPECT_EQ(record.environment().nodes_size(), 2);
  EXPECT_FALSE(records[0].has_comparison());
  EXPECT_EQ(record.reproduce(),
            "basisbench run --operators 'matmul' --shape 40x24x32 --dtype f32 --ranks 2 --sharding "
            "column --cache hot --seed 1");
}

// Beside what an operator costs: what it can express, with the targets shared between the ranks.
TEST(LocalRun, ARecordJoinsScoresWhereAskedFor) {
  v1::Assignment work = Work();
  work.set_expressiveness(true);
  AddCase(work, "matmul", "token");
  AddCase(work, "lowrank", "token");
  AddCase(work, "test_wrong", "token");
  const auto records = RunAll(work);
  ASSERT_EQ(records.size(), 3u);
  ASSERT_EQ(records[0].scores_size(), 2);
  EXPECT_EQ(records[0].expressiveness().value(), 1);
  EXPECT_EQ(records[0].scores(1).mean(), 1);
  // At n = 256 the rank is again the root, not that of this shape: r / n of an orthogonal target.
  ASSERT_EQ(records[1].scores_size(), 2);
  const v1::ExpressivenessScore& score = records[1].scores(1);
  EXPECT_EQ(score.n(), 256);
  EXPECT_EQ(score.family(), "lowrank{rank=16}");
  EXPECT_EQ(score.degrees_of_freedom(), 16 * (2 * 256 - 16));
  for (const v1::TargetScore& target : score.targets()) {
    const bool orthogonal =
        target.target() == "HAAR" || target.target() == "DFT" || target.target() == "PERM";
    EXPECT_TRUE(!orthogonal || std::fabs(target.captured() - 16.0 / 256) < 1e-12)
        << target.target() << " " << target.captured();
  }
  EXPECT_NEAR(records[1].expressiveness().value(), score.arbitrary(), 1e-15);
  EXPECT_EQ(records[2].scores_size(), 0);
  EXPECT_FALSE(records[2].expressiveness().has_value());
  EXPECT_EQ(records[2].expressiveness().note(), "the case did not end well");
}

TEST(LocalRun, ParametersThatWereChosenStayInTheScore) {
  v1::Assignment work = Work();
  work.set_expressiveness(true);
  AddCase(work, "lowrank", "token");
  (*work.mutable_cases(0)->mutable_operator_()->mutable_parameters())["rank"] = "3";
  const auto records = RunAll(work);
  ASSERT_EQ(records.size(), 1u);
  ASSERT_EQ(records[0].scores_size(), 2);
  EXPECT_EQ(records[0].scores(0).family(), "lowrank{rank=3}");
}

TEST(LocalRun, BackwardIsMeasuredAndSaysHowToRepeatIt) {
  v1::Assignment work = Work();
  AddCase(work, "matmul", "token");
  AddCase(work, "lowrank", "column");
  for (v1::Case& spec : *work.mutable_cases()) {
    spec.set_direction("backward");
    spec.set_dtype("bf16");
  }
  const auto records = RunAll(work);
  ASSERT_EQ(records.size(), 2u);
  for (const v1::CaseResult& record : records) {
    EXPECT_EQ(record.outcome(), v1::OUTCOME_OK) << record.detail();
    EXPECT_EQ(record.validation().method(), "adjoint");
    EXPECT_TRUE(record.validation().traffic_matches());
    EXPECT_THAT(record.reproduce(), testing::HasSubstr("--direction backward"));
  }
}

TEST(LocalRun, ProductsInTf32AreForGpus) {
  v1::Assignment work = Work();
  AddCase(work, "matmul", "token");
  work.mutable_cases(0)->set_dtype("tf32");
  const auto records = RunAll(work);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_NE(records[0].outcome(), v1::OUTCOME_OK);
  EXPECT_THAT(records[0].detail(),
              testing::HasSubstr("tf32 is of products on GPUs; backend 'cpu_local' has none"));
}

TEST(LocalRun, AWrongOutputIsAnInvalidResult) {
  v1::Assignment work = Work();
  AddCase(work, "matmul", "token");
  AddCase(work, "test_wrong", "token");
  const auto records = RunAll(work);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].outcome(), v1::OUTCOME_OK) << records[0].detail();
  EXPECT_EQ(records[1].outcome(), v1::OUTCOME_INVALID_RESULT);
  EXPECT_FALSE(records[1].validation().passed());
  EXPECT_EQ(records[1].validation().exact_integer(), "failed");
  EXPECT_EQ(records[1].comparison().verdict(), "INVALID");
  EXPECT_THAT(records[1].detail(), StartsWith("output: row 0"));
}

TEST(LocalRun, TrafficThatWasNotDeclaredIsAnInvalidResult) {
  v1::Assignment work = Work();
  AddCase(work, "test_undeclared", "column");
  const auto records = RunAll(work);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].outcome(), v1::OUTCOME_INVALID_RESULT);
  EXPECT_FALSE(records[0].validation().traffic_matches());
  EXPECT_THAT(records[0].detail(), StartsWith("traffic: "));
}

TEST(LocalRun, ARankThatCannotPlanEndsTheCaseOnAll) {
  v1::Assignment work = Work();
  AddCase(work, "test_unplannable", "token");
  AddCase(work, "matmul", "token");
  const auto records = RunAll(work);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].outcome(), v1::OUTCOME_RESOURCE_EXHAUSTED);
  EXPECT_EQ(records[0].detail(), "rank 1: no room for 7 bytes");
  EXPECT_EQ(records[1].outcome(), v1::OUTCOME_OK) << records[1].detail();
}

TEST(LocalRun, CasesThatCannotRunAreRefusedWithTheReason) {
  v1::Assignment work = Work();
  AddCase(work, "nothing", "token");
  AddCase(work, "matmul", "token");
  work.mutable_cases(1)->set_ranks(3);
  const auto records = RunAll(work);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].outcome(), v1::OUTCOME_REJECTED);
  EXPECT_THAT(records[0].detail(), StartsWith("no operator 'nothing'"));
  EXPECT_EQ(records[1].outcome(), v1::OUTCOME_REJECTED);
  EXPECT_EQ(records[1].detail(), "the case asks for 3 ranks, the world has 2");
  EXPECT_FALSE(records[1].has_timing());
}

TEST(LocalRun, AColdCaseIsNeverBatchedAndSaysHowItWasCooled) {
  v1::Assignment work = Work();
  AddCase(work, "matmul", "token");
  work.mutable_cases(0)->set_cache("cold");
  const auto records = RunAll(work);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].outcome(), v1::OUTCOME_OK) << records[0].detail();
  EXPECT_EQ(records[0].timing().batch(), 1u);
  EXPECT_THAT(records[0].environment().variables().at("basisbench.cold_cache"),
              HasSubstr("outside the timed region"));
}

TEST(LocalRun, SkippedValidationIsSaid) {
  v1::Assignment work = Work();
  work.mutable_measurement()->set_skip_validation(true);
  AddCase(work, "test_wrong", "token");
  const auto records = RunAll(work);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].validation().method(), "none");
  EXPECT_FALSE(records[0].validation().passed());
}

TEST(LocalRun, CasesThatDoNotFitTogetherAreMeasuredOneAfterTheOther) {
  v1::Assignment work = Work();
  for (const char* sharding : {"token", "column", "row"}) AddCase(work, "matmul", sharding);
  const auto records = RunAll(work, 20'000);
  ASSERT_EQ(records.size(), 3u);
  for (const v1::CaseResult& record : records) {
    EXPECT_EQ(record.outcome(), v1::OUTCOME_OK) << record.detail();
  }
  EXPECT_TRUE(records[2].has_comparison());
}

TEST(LocalRun, AnOpenShardingIsChosenByTheRoofsOfTheAttempt) {
  v1::Assignment work = Work();
  AddCase(work, "matmul", "auto");
  AddCase(work, "lowrank", "auto");
  AddCase(work, "matmul", "row");
  const auto records = RunAll(work);
  ASSERT_EQ(records.size(), 3u);
  for (const v1::CaseResult& record : records) {
    ASSERT_EQ(record.outcome(), v1::OUTCOME_OK) << record.detail();
    EXPECT_TRUE(record.validation().passed());
    EXPECT_TRUE(record.validation().traffic_matches());
    EXPECT_THAT(record.reproduce(), HasSubstr("--sharding " + record.case_().sharding()));
  }
  for (size_t i = 0; i < 2; ++i) {
    const std::vector<v1::ShardingChoice> choices(records[i].sharding_choices().begin(),
                                                  records[i].sharding_choices().end());
    const auto index = ChooseSharding(choices);
    ASSERT_TRUE(index.has_value());
    EXPECT_EQ(choices[*index].sharding(), records[i].case_().sharding());
    EXPECT_EQ(records[i].case_().requested_sharding(), "auto");
    // Predicted from the very roofs that the record is held against.
    const auto resolved = ResolveCase(records[i].case_(), "cpu_local");
    ASSERT_TRUE(resolved.ok()) << resolved.status();
    EXPECT_DOUBLE_EQ(choices[*index].predicted_seconds(),
                     PredictedSeconds(resolved->cost, records[i].roofs()));
  }
  EXPECT_EQ(records[2].case_().requested_sharding(), "");
  EXPECT_EQ(records[2].sharding_choices_size(), 0);
}

TEST(LocalRun, AShardingThatDoesNotFitIsNotChosen) {
  v1::Assignment work = Work();
  AddCase(work, "matmul", "auto");
  work.mutable_cases(0)->mutable_shape()->set_tokens(2);
  work.mutable_cases(0)->mutable_shape()->set_d_in(512);
  // `token` holds the 64 KiB of W on each rank, `column` half of them.
  const auto records = RunAll(work, 64 << 10);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].outcome(), v1::OUTCOME_OK) << records[0].detail();
  EXPECT_NE(records[0].case_().sharding(), "token");
  EXPECT_THAT(records[0].sharding_choices(0).refusal(), HasSubstr("may allocate 65536"));

  const auto none = RunAll(work, 1 << 10);
  ASSERT_EQ(none.size(), 1u);
  EXPECT_EQ(none[0].outcome(), v1::OUTCOME_RESOURCE_EXHAUSTED);
  EXPECT_THAT(none[0].detail(),
              StartsWith("matmul: none of its shardings can run this case: token"));
  EXPECT_EQ(none[0].case_().sharding(), "auto");
  EXPECT_EQ(none[0].sharding_choices_size(), records[0].sharding_choices_size());
}

}  // namespace
}  // namespace basisbench
