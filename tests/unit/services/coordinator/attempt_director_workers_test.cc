// SPDX-License-Identifier: Apache-2.0
// Workers come, come back and go; the coordinator restarts under them.
#include "gtest/gtest.h"
#include "tests/unit/services/coordinator/director_support.h"

namespace basisbench {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Message = v1::AttachResponse;

class DirectorWorkersTest : public testing::Test {
 protected:
  // Two cases of two ranks on w1, the leader, and w2.
  void Prepare(uint32_t max_attempts = 3) {
    w1_ = world_.Attach("w1", 1);
    w2_ = world_.Attach("w2", 1);
    job_ = world_.Submit("j1", {2, 2}, max_attempts);
    const auto prepares = SentOf(w1_, Message::kPrepare);
    ASSERT_THAT(prepares, SizeIs(1));
    if (prepares[0].prepare().gang(0).worker() == "w1") return;
    std::swap(w1_, w2_);
    std::swap(leader_, other_);
  }
  void Run(uint32_t max_attempts = 3) {
    Prepare(max_attempts);
    world_.Say(leader_, w1_, PreparedOf("j1-1"));
    world_.Say(other_, w2_, PreparedOf("j1-1"));
    ASSERT_THAT(SentOf(w1_, Message::kStart), SizeIs(1));
  }
  std::vector<std::string> Adopted(const Link& link) {
    const v1::Registered registered = link->sent().at(0).registered();
    return {registered.adopted_attempts().begin(), registered.adopted_attempts().end()};
  }
  std::vector<v1::WorkerInfo> Workers() {
    const auto listed = world_.director().ListWorkers({});
    EXPECT_THAT(listed, IsOk());
    return {listed->workers().begin(), listed->workers().end()};
  }

  DirectorWorld world_;
  std::string leader_ = "w1";
  std::string other_ = "w2";
  Link w1_;  // of the leader
  Link w2_;  // of the other
  NewJob job_;
};

TEST_F(DirectorWorkersTest, RefusesASecondLiveDaemonOfTheSameName) {
  const Link first = world_.Attach("w1", 1);
  const Link second = std::make_shared<FakeWorkerLink>();
  EXPECT_THAT(world_.TryAttach(second, RegistrationOf("w1", 1, {}, "2")),
              Fails(absl::StatusCode::kAlreadyExists, "'w1'"));
  EXPECT_FALSE(first->closed().has_value());
  EXPECT_THAT(second->sent(), IsEmpty());
  world_.Detach("w1", first);
  world_.Attach("w1", 1, {}, "2");
}

TEST_F(DirectorWorkersTest, RefusesARegistrationThatNamesNothing) {
  const Link link = std::make_shared<FakeWorkerLink>();
  EXPECT_THAT(world_.TryAttach(link, RegistrationOf("a b", 1)),
              Fails(absl::StatusCode::kInvalidArgument, "register.worker: 'a b'"));
  EXPECT_THAT(Workers(), IsEmpty());
}

TEST_F(DirectorWorkersTest, AStreamThatIsReplacedIsClosedAndItsEndMeansNothing) {
  const Link old = world_.Attach("w1", 1);
  const Link link = world_.Attach("w1", 1);
  ASSERT_TRUE(old->closed().has_value());
  world_.Detach("w1", old);
  ASSERT_THAT(Workers(), SizeIs(1));
  EXPECT_EQ(Workers()[0].state(), v1::WORKER_STATE_READY);
  world_.Submit("j1", {1});
  EXPECT_THAT(SentOf(link, Message::kPrepare), SizeIs(1));
  world_.Say("w1", old, PreparedOf("j1-1"));
  EXPECT_THAT(SentOf(link, Message::kStart), IsEmpty()) << "said by nobody";
}

TEST_F(DirectorWorkersTest, AStreamThatIsReplacedDoesNotFailQuestionsOfTheNewOne) {
  const Link old = world_.Attach("w1", 1);
  const Link link = world_.Attach("w1", 1);
  bool answered = false;
  world_.checker().Check({"w1", "build", link}, {v1::Case()}, world_.clock().Now(),
                         [&](absl::StatusOr<std::vector<v1::CheckedCase>>) { answered = true; });
  world_.Detach("w1", old);
  EXPECT_FALSE(answered);
  world_.Detach("w1", link);
  EXPECT_TRUE(answered);
}

TEST_F(DirectorWorkersTest, AWorkerIsLostWhenItsLeaseRunsOut) {
  const Link link = world_.Attach("w1", 1);
  world_.Pass(absl::Seconds(20), {{"w1", link}});
  EXPECT_THAT(Workers(), SizeIs(1));
  world_.Pass(absl::Seconds(6));
  EXPECT_THAT(Workers(), IsEmpty());
  ASSERT_TRUE(link->closed().has_value()) << "its stream would stay for ever";
  EXPECT_THAT(*link->closed(), Fails(absl::StatusCode::kDeadlineExceeded, "lease"));
}

TEST_F(DirectorWorkersTest, AWorkerWhoseStreamBrokeKeepsItsPlaceForALease) {
  const Link link = world_.Attach("w1", 1);
  world_.Detach("w1", link);
  ASSERT_THAT(Workers(), SizeIs(1));
  EXPECT_EQ(Workers()[0].state(), v1::WORKER_STATE_DISCONNECTED);
  world_.Pass(absl::Seconds(6));
  EXPECT_THAT(Workers(), IsEmpty());
}

TEST_F(DirectorWorkersTest, LosingAMemberWhileItPreparesAbortsTheOther) {
  Prepare();
  world_.Say(leader_, w1_, PreparedOf("j1-1"));
  world_.Pass(absl::Seconds(6), {{leader_, w1_}});
  ASSERT_THAT(SentOf(w1_, Message::kAbort), SizeIs(1));
  world_.Say(leader_, w1_, ReleasedOf("j1-1"));
  EXPECT_EQ(world_.Job("j1").state(), v1::JOB_STATE_QUEUED);
  EXPECT_THAT(world_.Job("j1").detail(), HasSubstr(absl::StrCat("'", other_, "' was lost")));
}

TEST_F(DirectorWorkersTest, LosingAMemberWhileItRunsRequeuesTheJobAndKeepsItsRecords) {
  Run();
  world_.Say(leader_, w1_, ResultOf("j1-1", job_, 0));
  world_.Pass(absl::Seconds(6), {{leader_, w1_}});
  ASSERT_THAT(SentOf(w1_, Message::kAbort), SizeIs(1));
  EXPECT_EQ(world_.Job("j1").state(), v1::JOB_STATE_RUNNING) << "the leader still cleans up";
  world_.Say(leader_, w1_, FinishedOf("j1-1", v1::ATTEMPT_END_ABORTED));
  EXPECT_EQ(world_.Job("j1").state(), v1::JOB_STATE_QUEUED);
  EXPECT_THAT(world_.Outcomes("j1"), ElementsAre(v1::OUTCOME_OK));
  world_.Attach(other_, 1, {}, "2");
  world_.Pass(absl::Seconds(2), {{leader_, w1_}});
  EXPECT_THAT(SentOf(w1_, Message::kPrepare), SizeIs(2));
}

TEST_F(DirectorWorkersTest, LosingTheLastMemberWhileItAbortsEndsTheAttempt) {
  Run();
  ASSERT_THAT(world_.Cancel("j1"), IsOk());
  world_.Say(leader_, w1_, ReleasedOf("j1-1"));
  EXPECT_EQ(world_.Job("j1").state(), v1::JOB_STATE_RUNNING);
  world_.Pass(absl::Seconds(6), {{leader_, w1_}});
  EXPECT_EQ(world_.Job("j1").state(), v1::JOB_STATE_CANCELLED);
}

TEST_F(DirectorWorkersTest, ANewProcessOfTheNameLosesWhatTheOldOneRan) {
  Run();
  world_.Detach(other_, w2_);
  const Link again = world_.Attach(other_, 1, {}, "2");
  EXPECT_THAT(Adopted(again), IsEmpty());
  EXPECT_THAT(SentOf(w1_, Message::kAbort), SizeIs(1));
  EXPECT_THAT(SentOf(again, Message::kAbort), IsEmpty()) << "it never heard of it";
}

TEST_F(DirectorWorkersTest, AReconnectedMemberGoesOnRunning) {
  Run();
  world_.Detach(other_, w2_);
  const Link again = world_.Attach(other_, 1, {"j1-1"});
  EXPECT_THAT(Adopted(again), ElementsAre("j1-1"));
  world_.Pass(absl::Seconds(20), {{leader_, w1_}, {other_, again}});
  EXPECT_THAT(SentOf(w1_, Message::kAbort), IsEmpty());
}

TEST_F(DirectorWorkersTest, ALeaderThatMissedItsStartGetsItAgain) {
  Prepare();
  world_.Say(other_, w2_, PreparedOf("j1-1"));
  world_.Say(leader_, w1_, PreparedOf("j1-1"));
  world_.Detach(leader_, w1_);
  const Link again = world_.Attach(leader_, 1, {"j1-1"});
  const auto starts = SentOf(again, Message::kStart);
  ASSERT_THAT(starts, SizeIs(1));
  EXPECT_EQ(starts[0].start().cases_size(), 2);
}

TEST_F(DirectorWorkersTest, AMemberThatComesBackWithoutTheAttemptEndsItAfterALease) {
  Run();
  world_.Detach(other_, w2_);
  const Link again = world_.Attach(other_, 1);
  world_.Pass(absl::Seconds(6), {{leader_, w1_}, {other_, again}});
  ASSERT_THAT(SentOf(w1_, Message::kAbort), SizeIs(1));
  EXPECT_THAT(SentOf(w1_, Message::kAbort)[0].abort().reason(), HasSubstr(other_));
}

TEST_F(DirectorWorkersTest, AReconnectedLeaderDoesNotHideAMemberWithoutTheAttempt) {
  Run();
  world_.Detach(leader_, w1_);
  world_.Detach(other_, w2_);
  const Link other = world_.Attach(other_, 1);
  const Link leader = world_.Attach(leader_, 1, {"j1-1"});
  world_.Pass(absl::Seconds(6), {{leader_, leader}, {other_, other}});
  EXPECT_THAT(SentOf(leader, Message::kAbort), SizeIs(1));
}

TEST_F(DirectorWorkersTest, ACrashIsNoCasesFaultWhenAMemberIsNotThere) {
  Run();
  world_.Detach(other_, w2_);
  world_.Say(leader_, w1_, FinishedOf("j1-1", v1::ATTEMPT_END_CRASHED, 0));
  EXPECT_THAT(world_.Outcomes("j1"), IsEmpty());
  EXPECT_EQ(world_.Job("j1").state(), v1::JOB_STATE_QUEUED);
}

TEST_F(DirectorWorkersTest, ACrashIsNoCasesFaultWhenAMemberCameBackWithoutTheAttempt) {
  Run();
  world_.Detach(other_, w2_);
  world_.Attach(other_, 1);
  world_.Say(leader_, w1_, FinishedOf("j1-1", v1::ATTEMPT_END_CRASHED, 0));
  EXPECT_THAT(world_.Outcomes("j1"), IsEmpty());
}

TEST_F(DirectorWorkersTest, ADrainingWorkerFinishesAndTakesNothingNew) {
  Run();
  v1::AttachRequest draining;
  draining.mutable_draining();
  world_.Say(leader_, w1_, draining);
  for (uint32_t i : {0u, 1u}) world_.Say(leader_, w1_, ResultOf("j1-1", job_, i));
  world_.Say(leader_, w1_, FinishedOf("j1-1", v1::ATTEMPT_END_COMPLETED));
  world_.Say(other_, w2_, ReleasedOf("j1-1"));
  EXPECT_EQ(world_.Job("j1").state(), v1::JOB_STATE_SUCCEEDED);
  world_.Submit("j2", {2});
  EXPECT_THAT(SentOf(w1_, Message::kPrepare), SizeIs(1));
  world_.Detach(leader_, w1_);
  EXPECT_THAT(Workers(), SizeIs(1)) << "one that said it would leave is not awaited";
}

TEST_F(DirectorWorkersTest, AWorkerThatReconnectsIsStillDraining) {
  const Link link = world_.Attach("w1", 1);
  v1::AttachRequest draining;
  draining.mutable_draining();
  world_.Say("w1", link, draining);
  const Link again = world_.Attach("w1", 1);
  world_.Submit("j1", {1});
  EXPECT_THAT(SentOf(again, Message::kPrepare), IsEmpty());
  EXPECT_EQ(Workers().at(0).state(), v1::WORKER_STATE_DRAINING);
}

TEST_F(DirectorWorkersTest, AfterARestartAWholeGangIsAdopted) {
  Run();
  world_.Say(leader_, w1_, ResultOf("j1-1", job_, 0));
  world_.Crash();
  const Link other = world_.Attach(other_, 1, {"j1-1"});
  EXPECT_THAT(Adopted(other), ElementsAre("j1-1"));
  EXPECT_THAT(SentOf(other, Message::kPrepare), IsEmpty());
  const Link leader = world_.Attach(leader_, 1, {"j1-1"});
  world_.Pass(absl::Seconds(20), {{leader_, leader}, {other_, other}});
  EXPECT_THAT(SentOf(leader, Message::kAbort), IsEmpty());
  const auto starts = SentOf(leader, Message::kStart);
  ASSERT_THAT(starts, SizeIs(1)) << "it may have missed it";
  EXPECT_EQ(starts[0].start().cases_size(), 1) << "one case has its record";
  world_.Say(leader_, leader, ResultOf("j1-1", job_, 0));
  world_.Say(leader_, leader, ResultOf("j1-1", job_, 1));
  world_.Say(leader_, leader, FinishedOf("j1-1", v1::ATTEMPT_END_COMPLETED));
  EXPECT_EQ(world_.Job("j1").state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_EQ(world_.Job("j1").attempts(), 1u);
}

TEST_F(DirectorWorkersTest, AfterARestartAGangOfWhichOneIsMissingIsRetried) {
  Run(/*max_attempts=*/1);
  world_.Crash();
  const Link leader = world_.Attach(leader_, 1, {"j1-1"});
  world_.Pass(absl::Seconds(6), {{leader_, leader}});
  ASSERT_THAT(SentOf(leader, Message::kAbort), SizeIs(1));
  EXPECT_THAT(SentOf(leader, Message::kAbort)[0].abort().reason(), HasSubstr(other_));
  world_.Say(leader_, leader, ReleasedOf("j1-1"));
  EXPECT_EQ(world_.Job("j1").state(), v1::JOB_STATE_QUEUED) << "the restart is not its loss";
  world_.Attach(other_, 1, {}, "2");
  EXPECT_THAT(SentOf(leader, Message::kPrepare), SizeIs(1));
}

TEST_F(DirectorWorkersTest, AfterARestartALeaderWithoutTheAttemptMeansARetry) {
  Run();
  world_.Crash();
  const Link other = world_.Attach(other_, 1, {"j1-1"});
  const Link leader = world_.Attach(leader_, 1);
  world_.Pass(absl::Seconds(6), {{leader_, leader}, {other_, other}});
  for (const Link& link : {leader, other}) EXPECT_THAT(SentOf(link, Message::kAbort), SizeIs(1));
  world_.Say(leader_, leader, ReleasedOf("j1-1"));
  world_.Say(other_, other, ReleasedOf("j1-1"));
  EXPECT_THAT(SentOf(leader, Message::kPrepare), SizeIs(1));
}

TEST_F(DirectorWorkersTest, AfterARestartAnEndingCountsAlthoughTheRecordsCameBefore) {
  w1_ = world_.Attach("w1", 1);
  job_ = world_.Submit("j1", {1, 2}, /*max_attempts=*/1);
  world_.Say("w1", w1_, PreparedOf("j1-1"));
  world_.Say("w1", w1_, ResultOf("j1-1", job_, 0));
  world_.Crash();
  w1_ = world_.Attach("w1", 2, {"j1-1"});
  world_.Say("w1", w1_, FinishedOf("j1-1", v1::ATTEMPT_END_COMPLETED));
  EXPECT_EQ(world_.Job("j1").state(), v1::JOB_STATE_RUNNING) << world_.Job("j1").detail();
  EXPECT_THAT(SentOf(w1_, Message::kPrepare), SizeIs(1));
}

TEST_F(DirectorWorkersTest, AfterARestartAnAttemptThatLateRecordsLeftWithoutWorkEnds) {
  w1_ = world_.Attach("w1", 1);
  job_ = world_.Submit("j1", {1});
  world_.Say("w1", w1_, PreparedOf("j1-1"));
  world_.Say("w1", w1_, FinishedOf("j1-1", v1::ATTEMPT_END_PEER_LOST));
  world_.Pass(absl::Seconds(2), {{"w1", w1_}});
  ASSERT_THAT(SentOf(w1_, Message::kPrepare), SizeIs(2));
  world_.Say("w1", w1_, ResultOf("j1-1", job_, 0));
  world_.Crash();
  w1_ = world_.Attach("w1", 1, {"j1-2"});
  ASSERT_THAT(SentOf(w1_, Message::kAbort), SizeIs(1)) << "it was prepared and never started";
  world_.Say("w1", w1_, ReleasedOf("j1-2"));
  EXPECT_EQ(world_.Job("j1").state(), v1::JOB_STATE_SUCCEEDED);
}

TEST_F(DirectorWorkersTest, AfterARestartAWorkerOfTwoAttemptsIsNotFreedByOne) {
  Run();
  // The other member is lost, comes back and is given new work while the leader still cleans up.
  world_.Pass(absl::Seconds(6), {{leader_, w1_}});
  const Link again = world_.Attach(other_, 1, {}, "2");
  world_.Submit("j2", {1});
  world_.Say(other_, again, PreparedOf("j2-1"));
  ASSERT_THAT(SentOf(again, Message::kStart), SizeIs(1));
  world_.Crash();
  const Link leader = world_.Attach(leader_, 1, {"j1-1"});
  const Link other = world_.Attach(other_, 1, {"j2-1"}, "2");
  EXPECT_THAT(Adopted(other), ElementsAre("j2-1"));
  world_.Pass(absl::Seconds(6), {{leader_, leader}, {other_, other}});
  ASSERT_THAT(SentOf(other, Message::kAbort), SizeIs(1));
  world_.Say(other_, other, ReleasedOf("j1-1"));
  world_.Say(leader_, leader, ReleasedOf("j1-1"));
  world_.Submit("j3", {1});
  EXPECT_THAT(SentOf(other, Message::kPrepare), IsEmpty()) << "j2 is being measured there";
}

TEST_F(DirectorWorkersTest, AfterARestartJobsWithNothingLeftEnd) {
  w1_ = world_.Attach("w1", 1);
  job_ = world_.Submit("j1", {1});
  world_.Say("w1", w1_, PreparedOf("j1-1"));
  world_.director().Receive("w1", w1_.get(), ResultOf("j1-1", job_, 0), [] {});
  world_.Settle();
  // The end of the attempt reaches the store, that of the job does not.
  ASSERT_THAT(world_.store().ApplyAndWait([](Database& database) {
    return EndAttempt(database, "j1-1", v1::ATTEMPT_END_COMPLETED, "", 9);
  }),
              IsOk());
  world_.Crash();
  EXPECT_EQ(world_.Job("j1").state(), v1::JOB_STATE_SUCCEEDED);
}

}  // namespace
}  // namespace basisbench
