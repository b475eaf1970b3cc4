// SPDX-License-Identifier: Apache-2.0
// How attempts end, and what becomes of their cases and jobs.
#include "gtest/gtest.h"
#include "tests/unit/services/coordinator/director_support.h"

namespace basisbench {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Message = v1::AttachResponse;

class AttemptEndingsTest : public testing::Test {
 protected:
  // Three cases of one rank on w1; the first is recorded.
  void Run(uint32_t max_attempts = 3) {
    w1_ = world_.Attach("w1", 1);
    job_ = world_.Submit("j1", {1, 1, 1}, max_attempts);
    world_.Say("w1", w1_, PreparedOf("j1-1"));
    world_.Say("w1", w1_, ResultOf("j1-1", job_, 0));
  }
  // Cases that the n-th StartAttempt asks for.
  std::vector<uint32_t> Asked(size_t n) {
    std::vector<uint32_t> indices;
    const auto starts = SentOf(w1_, Message::kStart);
    EXPECT_GE(starts.size(), n);
    if (starts.size() < n) return indices;
    for (const v1::Case& item : starts[n - 1].start().cases()) indices.push_back(item.index());
    return indices;
  }

  DirectorWorld world_;
  Link w1_;
  NewJob job_;
};

struct Ending {
  v1::AttemptEnd end;
  v1::Outcome outcome;
};

class CaseEndings : public AttemptEndingsTest, public testing::WithParamInterface<Ending> {};

TEST_P(CaseEndings, TheNamedCaseGetsItsOutcomeAndTheRestGoesOn) {
  Run();
  v1::AttachRequest finished = FinishedOf("j1-1", GetParam().end, 1);
  finished.mutable_finished()->set_output_tail("Segmentation fault");
  world_.Say("w1", w1_, finished);
  EXPECT_THAT(world_.Outcomes("j1"), ElementsAre(v1::OUTCOME_OK, GetParam().outcome));
  const v1::CaseResult failed = world_.Results("j1")[1];
  EXPECT_THAT(failed.detail(), HasSubstr("as the daemon tells it"));
  EXPECT_THAT(failed.detail(), HasSubstr("Segmentation fault"));
  EXPECT_EQ(failed.attempt_id(), "j1-1");
  world_.Say("w1", w1_, PreparedOf("j1-2"));
  EXPECT_THAT(Asked(2), ElementsAre(2));
  world_.Say("w1", w1_, ResultOf("j1-2", job_, 2));
  world_.Say("w1", w1_, FinishedOf("j1-2", v1::ATTEMPT_END_COMPLETED));
  const v1::Job job = world_.Job("j1");
  EXPECT_EQ(job.state(), v1::JOB_STATE_FAILED);
  EXPECT_THAT(job.detail(), HasSubstr("1 of 3 cases did not end ok"));
  EXPECT_EQ(job.cases_ok(), 2u);
}

INSTANTIATE_TEST_SUITE_P(Each, CaseEndings,
                         testing::Values(Ending{v1::ATTEMPT_END_CRASHED, v1::OUTCOME_CRASHED},
                                         Ending{v1::ATTEMPT_END_TIMED_OUT, v1::OUTCOME_TIMED_OUT},
                                         Ending{v1::ATTEMPT_END_RESOURCE_EXHAUSTED,
                                                v1::OUTCOME_RESOURCE_EXHAUSTED}),
                         [](const auto& info) { return v1::AttemptEnd_Name(info.param.end); });

TEST_F(AttemptEndingsTest, ACaseThatCrashesDoesNotCountAgainstMaxAttempts) {
  Run(/*max_attempts=*/1);
  world_.Say("w1", w1_, FinishedOf("j1-1", v1::ATTEMPT_END_CRASHED, 1));
  world_.Say("w1", w1_, PreparedOf("j1-2"));
  EXPECT_THAT(Asked(2), ElementsAre(2));
}

TEST_F(AttemptEndingsTest, ACrashThatNamesARecordedCaseChangesNoRecord) {
  Run();
  world_.Say("w1", w1_, FinishedOf("j1-1", v1::ATTEMPT_END_CRASHED, 0));
  EXPECT_THAT(world_.Outcomes("j1"), ElementsAre(v1::OUTCOME_OK));
}

TEST_F(AttemptEndingsTest, AnEndingThatComesTwiceIsAcknowledgedTwiceAndCountedOnce) {
  Run();
  world_.Say("w1", w1_, FinishedOf("j1-1", v1::ATTEMPT_END_CRASHED, 1));
  world_.Say("w1", w1_, FinishedOf("j1-1", v1::ATTEMPT_END_CRASHED, 2));
  EXPECT_THAT(world_.Outcomes("j1"), ElementsAre(v1::OUTCOME_OK, v1::OUTCOME_CRASHED));
  EXPECT_THAT(SentOf(w1_, Message::kAcknowledged), SizeIs(3));
  EXPECT_EQ(world_.Job("j1").attempts(), 2u);
}

TEST_F(AttemptEndingsTest, LostAttemptsAreRetriedLaterAndAtMostMaxAttemptsTimes) {
  w1_ = world_.Attach("w1", 1);
  world_.Submit("j1", {1, 1}, /*max_attempts=*/3);
  for (int attempt = 1; attempt <= 3; ++attempt) {
    const std::string id = absl::StrCat("j1-", attempt);
    ASSERT_THAT(SentOf(w1_, Message::kPrepare), SizeIs(attempt)) << id;
    world_.Say("w1", w1_, PreparedOf(id));
    world_.Say("w1", w1_, FinishedOf(id, v1::ATTEMPT_END_PEER_LOST));
    if (attempt == 3) break;
    EXPECT_EQ(world_.Job("j1").state(), v1::JOB_STATE_QUEUED);
    EXPECT_THAT(world_.Job("j1").detail(), HasSubstr("waits to be tried again"));
    EXPECT_THAT(SentOf(w1_, Message::kPrepare), SizeIs(attempt)) << "not at once";
    world_.Pass(absl::Seconds(2), {{"w1", w1_}});
  }
  const v1::Job job = world_.Job("j1");
  EXPECT_EQ(job.state(), v1::JOB_STATE_FAILED);
  EXPECT_THAT(job.detail(), HasSubstr("max_attempts"));
  EXPECT_THAT(world_.Outcomes("j1"), ElementsAre(v1::OUTCOME_WORKER_LOST, v1::OUTCOME_WORKER_LOST));
}

TEST_F(AttemptEndingsTest, LossesSurviveARestart) {
  w1_ = world_.Attach("w1", 1);
  world_.Submit("j1", {1}, /*max_attempts=*/2);
  world_.Say("w1", w1_, PreparedOf("j1-1"));
  world_.Say("w1", w1_, FinishedOf("j1-1", v1::ATTEMPT_END_LAUNCH_FAILED));
  world_.Crash();
  w1_ = world_.Attach("w1", 1);
  world_.Say("w1", w1_, PreparedOf("j1-2"));
  world_.Say("w1", w1_, FinishedOf("j1-2", v1::ATTEMPT_END_LAUNCH_FAILED));
  EXPECT_EQ(world_.Job("j1").state(), v1::JOB_STATE_FAILED);
  EXPECT_THAT(world_.Outcomes("j1"), ElementsAre(v1::OUTCOME_NOT_RUN));
}

TEST_F(AttemptEndingsTest, AnAttemptThatBringsNothingIsNotRepeatedForEver) {
  w1_ = world_.Attach("w1", 1);
  world_.Submit("j1", {1}, /*max_attempts=*/2);
  for (const char* id : {"j1-1", "j1-2"}) {
    world_.Say("w1", w1_, PreparedOf(id));
    world_.Say("w1", w1_, FinishedOf(id, v1::ATTEMPT_END_COMPLETED));
    world_.Pass(absl::Seconds(2), {{"w1", w1_}});
  }
  EXPECT_EQ(world_.Job("j1").state(), v1::JOB_STATE_FAILED);
}

TEST_F(AttemptEndingsTest, AMemberThatCannotPrepareEndsTheAttempt) {
  w1_ = world_.Attach("w1", 1);
  world_.Submit("j1", {1});
  world_.Say("w1", w1_, PreparedOf("j1-1", "no space in /dev/shm"));
  ASSERT_THAT(SentOf(w1_, Message::kAbort), SizeIs(1));
  world_.Say("w1", w1_, ReleasedOf("j1-1"));
  EXPECT_EQ(world_.Job("j1").state(), v1::JOB_STATE_QUEUED);
  EXPECT_THAT(world_.Job("j1").detail(), HasSubstr("no space in /dev/shm"));
}

TEST_F(AttemptEndingsTest, AMemberThatDoesNotPrepareInTimeEndsTheAttempt) {
  w1_ = world_.Attach("w1", 1);
  world_.Submit("j1", {1});
  world_.Pass(absl::Seconds(31), {{"w1", w1_}});
  ASSERT_THAT(SentOf(w1_, Message::kAbort), SizeIs(1));
  EXPECT_THAT(SentOf(w1_, Message::kAbort)[0].abort().reason(), HasSubstr("'w1'"));
}

TEST_F(AttemptEndingsTest, AMemberThatDoesNotCleanUpInTimeIsGivenUp) {
  Run();
  ASSERT_THAT(world_.Cancel("j1"), IsOk());
  world_.Pass(absl::Seconds(31), {{"w1", w1_}});
  ASSERT_TRUE(w1_->closed().has_value());
  EXPECT_THAT(*w1_->closed(), Fails(absl::StatusCode::kDeadlineExceeded, "cleaned up"));
  EXPECT_EQ(world_.Job("j1").state(), v1::JOB_STATE_CANCELLED);
}

TEST_F(AttemptEndingsTest, LateAndRepeatedRecordsCountOnce) {
  Run();
  world_.Say("w1", w1_, ResultOf("j1-1", job_, 0, v1::OUTCOME_CRASHED));
  world_.Say("w1", w1_, FinishedOf("j1-1", v1::ATTEMPT_END_PEER_LOST));
  // Late, after its attempt was given up; then once more.
  world_.Say("w1", w1_, ResultOf("j1-1", job_, 1));
  world_.Say("w1", w1_, ResultOf("j1-1", job_, 1));
  EXPECT_THAT(world_.Outcomes("j1"), ElementsAre(v1::OUTCOME_OK, v1::OUTCOME_OK));
  EXPECT_EQ(world_.Job("j1").cases_done(), 2u);
  // The last one ends the job although nothing runs.
  world_.Say("w1", w1_, ResultOf("j1-1", job_, 2));
  EXPECT_EQ(world_.Job("j1").state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_THAT(SentOf(w1_, Message::kAcknowledged), SizeIs(6)) << "each is acknowledged";
}

TEST_F(AttemptEndingsTest, RecordsOfAnEndedJobAreAcknowledgedAndDropped) {
  Run();
  ASSERT_THAT(world_.Cancel("j1"), IsOk());
  world_.Say("w1", w1_, ReleasedOf("j1-1"));
  world_.Say("w1", w1_, ResultOf("j1-1", job_, 1));
  EXPECT_THAT(world_.Outcomes("j1"),
              ElementsAre(v1::OUTCOME_OK, v1::OUTCOME_CANCELLED, v1::OUTCOME_CANCELLED));
  EXPECT_THAT(SentOf(w1_, Message::kAcknowledged), SizeIs(2));
}

TEST_F(AttemptEndingsTest, ProgressIsKeptWhileTheAttemptRunsOnly) {
  Run();
  v1::AttachRequest message;
  message.mutable_progress()->set_attempt_id("j1-1");
  message.mutable_progress()->mutable_progress()->set_samples(7);
  world_.Say("w1", w1_, message);
  EXPECT_EQ(world_.hub().Progress("j1").progress.samples(), 7u);
  world_.Say("w1", w1_, FinishedOf("j1-1", v1::ATTEMPT_END_CRASHED, 1));
  EXPECT_EQ(world_.hub().Progress("j1").version, 0u);
  world_.Say("w1", w1_, message);
  EXPECT_EQ(world_.hub().Progress("j1").version, 0u) << "late";
}

}  // namespace
}  // namespace basisbench
