// SPDX-License-Identifier: Apache-2.0
// Jobs become attempts: the order of what is stored, sent and acknowledged.
#include "services/coordinator/attempt_director.h"

#include "gtest/gtest.h"
#include "tests/unit/services/coordinator/director_support.h"

namespace basisbench {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using Message = v1::AttachResponse;

class AttemptDirectorTest : public testing::Test {
 protected:
  DirectorWorld world_;
};

TEST_F(AttemptDirectorTest, TellsAWorkerItsLeaseFirst) {
  const Link w1 = world_.Attach("w1", 1);
  ASSERT_THAT(w1->sent(), SizeIs(1));
  const v1::Registered registered = w1->sent()[0].registered();
  EXPECT_EQ(registered.lease().seconds(), 5);
  EXPECT_EQ(registered.keep_alive_interval().seconds(), 1);
  EXPECT_EQ(registered.keep_alive_interval().nanos(), 666'666'666);
  EXPECT_THAT(registered.adopted_attempts(), IsEmpty());
}

TEST_F(AttemptDirectorTest, PreparesEveryMemberAndThenStartsTheLeader) {
  const Link w1 = world_.Attach("w1", 2);
  const Link w2 = world_.Attach("w2", 1);
  world_.Submit("j1", {3, 3});
  for (const Link& link : {w1, w2}) {
    const auto prepares = SentOf(link, Message::kPrepare);
    ASSERT_THAT(prepares, SizeIs(1));
    const v1::PrepareAttempt& prepare = prepares[0].prepare();
    EXPECT_EQ(prepare.attempt_id(), "j1-1");
    EXPECT_EQ(prepare.job_id(), "j1");
    EXPECT_EQ(prepare.secret().size(), 32u);
    ASSERT_EQ(prepare.gang_size(), 2);
    EXPECT_EQ(prepare.gang(0).worker(), "w1");
    EXPECT_EQ(prepare.gang(0).slots(), 2u);
    EXPECT_EQ(prepare.gang(1).slots(), 1u);
  }
  world_.Say("w1", w1, PreparedOf("j1-1"));
  EXPECT_THAT(SentOf(w1, Message::kStart), IsEmpty()) << "w2 has not answered";
  world_.Say("w2", w2, PreparedOf("j1-1"));
  const auto starts = SentOf(w1, Message::kStart);
  ASSERT_THAT(starts, SizeIs(1));
  EXPECT_EQ(starts[0].start().cases_size(), 2);
  EXPECT_EQ(starts[0].start().ranks(), 3u);
  EXPECT_THAT(SentOf(w2, Message::kStart), IsEmpty());
  EXPECT_EQ(world_.Job("j1").state(), v1::JOB_STATE_RUNNING);
}

TEST_F(AttemptDirectorTest, StoresAnAttemptBeforeAnybodyHearsOfIt) {
  world_.Submit("j1", {1});
  absl::Notification held_up;
  absl::Notification go_on;
  // In front of the attempt, which is made when a worker is there.
  world_.store().Apply(
      [&](Database&) {
        held_up.Notify();
        go_on.WaitForNotification();
        return absl::OkStatus();
      },
      [](absl::Status) {});
  held_up.WaitForNotification();
  const auto w1 = std::make_shared<FakeWorkerLink>();
  EXPECT_THAT(world_.TryAttach(w1, RegistrationOf("w1", 1)), IsOk());
  EXPECT_THAT(SentOf(w1, Message::kPrepare), IsEmpty());
  go_on.Notify();
  world_.Settle();
  EXPECT_THAT(SentOf(w1, Message::kPrepare), SizeIs(1));
}

TEST_F(AttemptDirectorTest, StoresARecordBeforeItIsAcknowledged) {
  const Link w1 = world_.Attach("w1", 1);
  const NewJob job = world_.Submit("j1", {1, 1});
  world_.Say("w1", w1, PreparedOf("j1-1"));
  absl::Notification held_up;
  absl::Notification go_on;
  world_.store().Apply(
      [&](Database&) {
        held_up.Notify();
        go_on.WaitForNotification();
        return absl::OkStatus();
      },
      [](absl::Status) {});
  held_up.WaitForNotification();
  absl::Notification handled;
  world_.director().Receive("w1", w1.get(), ResultOf("j1-1", job, 0), [&] { handled.Notify(); });
  EXPECT_FALSE(handled.HasBeenNotified());
  EXPECT_THAT(SentOf(w1, Message::kAcknowledged), IsEmpty());
  go_on.Notify();
  world_.Settle();
  EXPECT_TRUE(handled.HasBeenNotified());
  const auto acknowledged = SentOf(w1, Message::kAcknowledged);
  ASSERT_THAT(acknowledged, SizeIs(1));
  EXPECT_EQ(acknowledged[0].acknowledged().case_index(), 0u);
  EXPECT_THAT(world_.Outcomes("j1"), ElementsAre(v1::OUTCOME_OK));
}

TEST_F(AttemptDirectorTest, EndsAJobWhenItsAttemptIsCompleted) {
  const Link w1 = world_.Attach("w1", 1);
  const NewJob job = world_.Submit("j1", {1});
  world_.Say("w1", w1, PreparedOf("j1-1"));
  world_.Say("w1", w1, ResultOf("j1-1", job, 0));
  EXPECT_EQ(world_.Job("j1").state(), v1::JOB_STATE_RUNNING);
  world_.Say("w1", w1, FinishedOf("j1-1", v1::ATTEMPT_END_COMPLETED));
  EXPECT_EQ(world_.Job("j1").state(), v1::JOB_STATE_SUCCEEDED);
  const auto acknowledged = SentOf(w1, Message::kAcknowledged);
  ASSERT_THAT(acknowledged, SizeIs(2));
  EXPECT_FALSE(acknowledged[1].acknowledged().has_case_index());
  world_.Submit("j2", {1});
  EXPECT_THAT(SentOf(w1, Message::kPrepare), SizeIs(2)) << "the slot is free again";
}

TEST_F(AttemptDirectorTest, MembersCleanUpBeforeTheyAreUsedAgain) {
  const Link w1 = world_.Attach("w1", 1);
  const Link w2 = world_.Attach("w2", 1);
  const NewJob job = world_.Submit("j1", {2});
  const auto prepares = SentOf(w1, Message::kPrepare);
  ASSERT_THAT(prepares, SizeIs(1));
  const std::string leader = prepares[0].prepare().gang(0).worker();
  const std::string other = leader == "w1" ? "w2" : "w1";
  const Link& leading = leader == "w1" ? w1 : w2;
  const Link& following = leader == "w1" ? w2 : w1;
  for (const auto& [name, link] : {std::pair(leader, leading), std::pair(other, following)})
    world_.Say(name, link, PreparedOf("j1-1"));
  world_.Say(leader, leading, ResultOf("j1-1", job, 0));
  world_.Say(leader, leading, FinishedOf("j1-1", v1::ATTEMPT_END_COMPLETED));
  EXPECT_EQ(world_.Job("j1").state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_THAT(SentOf(following, Message::kAbort), SizeIs(1));
  world_.Submit("j2", {2});
  EXPECT_THAT(SentOf(leading, Message::kPrepare), SizeIs(1)) << "a member still cleans up";
  world_.Say(other, following, ReleasedOf("j1-1"));
  EXPECT_THAT(SentOf(leading, Message::kPrepare), SizeIs(2));
}

TEST_F(AttemptDirectorTest, RunsEachWorldSizeInAnAttemptOfItsOwn) {
  const Link w1 = world_.Attach("w1", 2);
  const NewJob job = world_.Submit("j1", {1, 2});
  world_.Say("w1", w1, PreparedOf("j1-1"));
  EXPECT_EQ(SentOf(w1, Message::kStart).at(0).start().ranks(), 1u);
  world_.Say("w1", w1, ResultOf("j1-1", job, 0));
  world_.Say("w1", w1, FinishedOf("j1-1", v1::ATTEMPT_END_COMPLETED));
  world_.Say("w1", w1, PreparedOf("j1-2"));
  const auto starts = SentOf(w1, Message::kStart);
  ASSERT_THAT(starts, SizeIs(2));
  EXPECT_EQ(starts[1].start().ranks(), 2u);
  ASSERT_EQ(starts[1].start().cases_size(), 1);
  EXPECT_EQ(starts[1].start().cases(0).index(), 1u);
}

TEST_F(AttemptDirectorTest, AJobWhoseAttemptCannotBeStoredEnds) {
  const Link w1 = world_.Attach("w1", 1);
  ASSERT_THAT(world_.store().ApplyAndWait([](Database& database) {
    return database.Execute(
        "CREATE TRIGGER refuse BEFORE INSERT ON attempts BEGIN SELECT RAISE(ABORT, 'no'); END");
  }),
              IsOk());
  world_.Submit("j1", {1});
  const v1::Job job = world_.Job("j1");
  EXPECT_EQ(job.state(), v1::JOB_STATE_FAILED) << "it would wait for ever";
  EXPECT_THAT(job.detail(), testing::HasSubstr("attempt could not be begun"));
  EXPECT_THAT(world_.Outcomes("j1"), ElementsAre(v1::OUTCOME_NOT_RUN));
}

TEST_F(AttemptDirectorTest, CancelsAWaitingJobAtOnce) {
  world_.Submit("j1", {1, 1});
  const absl::StatusOr<v1::Job> cancelled = world_.Cancel("j1");
  ASSERT_THAT(cancelled, IsOk());
  EXPECT_EQ(cancelled->state(), v1::JOB_STATE_CANCELLED);
  EXPECT_THAT(world_.Outcomes("j1"), ElementsAre(v1::OUTCOME_CANCELLED, v1::OUTCOME_CANCELLED));
  EXPECT_THAT(world_.Cancel("j1"), Fails(absl::StatusCode::kFailedPrecondition, "'j1'"));
  EXPECT_THAT(world_.Cancel("j2"), Fails(absl::StatusCode::kNotFound, "'j2'"));
  const Link w1 = world_.Attach("w1", 1);
  EXPECT_THAT(SentOf(w1, Message::kPrepare), IsEmpty());
}

TEST_F(AttemptDirectorTest, CancelsWhileTheAttemptIsPrepared) {
  const Link w1 = world_.Attach("w1", 1);
  world_.Submit("j1", {1});
  const absl::StatusOr<v1::Job> asked = world_.Cancel("j1");
  ASSERT_THAT(asked, IsOk());
  EXPECT_TRUE(asked->cancel_requested());
  EXPECT_EQ(asked->state(), v1::JOB_STATE_RUNNING);
  ASSERT_THAT(SentOf(w1, Message::kAbort), SizeIs(1));
  world_.Say("w1", w1, ReleasedOf("j1-1"));
  EXPECT_EQ(world_.Job("j1").state(), v1::JOB_STATE_CANCELLED);
}

TEST_F(AttemptDirectorTest, CancelsARunningJobAndKeepsWhatWasMeasured) {
  const Link w1 = world_.Attach("w1", 1);
  const NewJob job = world_.Submit("j1", {1, 1});
  world_.Say("w1", w1, PreparedOf("j1-1"));
  world_.Say("w1", w1, ResultOf("j1-1", job, 0));
  ASSERT_THAT(world_.Cancel("j1"), IsOk());
  ASSERT_THAT(world_.Cancel("j1"), IsOk()) << "asking again is no error";
  EXPECT_EQ(world_.Job("j1").state(), v1::JOB_STATE_RUNNING) << "its ranks are still alive";
  // The ending may come instead of Released, and both may come.
  world_.Say("w1", w1, FinishedOf("j1-1", v1::ATTEMPT_END_ABORTED));
  world_.Say("w1", w1, ReleasedOf("j1-1"));
  EXPECT_EQ(world_.Job("j1").state(), v1::JOB_STATE_CANCELLED);
  EXPECT_THAT(world_.Outcomes("j1"), ElementsAre(v1::OUTCOME_OK, v1::OUTCOME_CANCELLED));
}

TEST_F(AttemptDirectorTest, CancelsBeforeTheAttemptIsStored) {
  const Link w1 = world_.Attach("w1", 1);
  // All in one transaction's queue: the job, its attempt, its cancellation.
  world_.Queue(NewJobOf("j1", {1}));
  ASSERT_THAT(world_.Cancel("j1"), IsOk());
  world_.Say("w1", w1, ReleasedOf("j1-1"));
  EXPECT_EQ(world_.Job("j1").state(), v1::JOB_STATE_CANCELLED);
  world_.Submit("j2", {1});
  const auto prepares = SentOf(w1, Message::kPrepare);
  ASSERT_FALSE(prepares.empty()) << "the slot is free again";
  EXPECT_EQ(prepares.back().prepare().attempt_id(), "j2-1");
}

TEST_F(AttemptDirectorTest, CancellationSurvivesARestart) {
  const Link w1 = world_.Attach("w1", 1);
  world_.Submit("j1", {1});
  world_.Say("w1", w1, PreparedOf("j1-1"));
  ASSERT_THAT(world_.Cancel("j1"), IsOk());
  world_.Crash();
  const Link again = world_.Attach("w1", 1, {"j1-1"});
  world_.Say("w1", again, FinishedOf("j1-1", v1::ATTEMPT_END_ABORTED));
  EXPECT_EQ(world_.Job("j1").state(), v1::JOB_STATE_CANCELLED);
}

TEST_F(AttemptDirectorTest, SaysWhetherAGangFits) {
  const Link w1 = world_.Attach("w1", 2);
  EXPECT_THAT(world_.director().Fit(kCpuMpi, 2),
              testing::StartsWith("can start now: 2 of 2 slots"));
  EXPECT_THAT(world_.director().Fit(kCpuMpi, 3),
              testing::StartsWith("no gang of that size exists: 3 of 2 slots"));
  world_.Submit("j1", {1});
  EXPECT_THAT(world_.director().Fit(kCpuMpi, 1), testing::StartsWith("waits for its turn: "));
}

TEST_F(AttemptDirectorTest, AJobThatNoWorkerCanTakeSaysWhyItWaits) {
  NewJob made = NewJobOf("j1", {2});
  made.job.mutable_spec()->set_backend("cuda_nccl");
  world_.Queue(made);
  world_.Settle();
  world_.Crash();  // the backend is in the store
  const auto detail = [this] {
    v1::Job job = world_.Job("j1");
    world_.director().ExplainWaiting(job);
    return job.detail();
  };
  EXPECT_EQ(detail(), "waits: no worker is attached");
  const Link w1 = world_.Attach("w1", 8);
  EXPECT_EQ(detail(), "waits: no worker offers cuda_nccl; offered: cpu_mpi");
  EXPECT_THAT(world_.director().Fit("cuda_nccl", 2),
              testing::StartsWith("no worker offers cuda_nccl; offered: cpu_mpi: 2 of 0 slots"));
  const auto gpu = std::make_shared<FakeWorkerLink>();
  v1::Register registration = RegistrationOf("w2", 1);
  *registration.mutable_catalogue()->mutable_backends(0) = "cuda_nccl";
  ASSERT_THAT(world_.TryAttach(gpu, registration), IsOk());
  EXPECT_EQ(detail(), "waits: no gang of that size exists: 2 of 1 slots needed");
  EXPECT_THAT(SentOf(w1, v1::AttachResponse::kPrepare), testing::IsEmpty());
  registration.set_worker("w3");
  ASSERT_THAT(world_.TryAttach(gpu, registration), IsOk());
  world_.Settle();
  EXPECT_EQ(world_.Job("j1").state(), v1::JOB_STATE_RUNNING);
  EXPECT_EQ(detail(), "");
}

}  // namespace
}  // namespace basisbench
