// SPDX-License-Identifier: Apache-2.0
// Every change of the store, each looked at again after reopening the file.
#include "services/coordinator/store_changes.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"
#include "tests/unit/services/coordinator/store_support.h"

namespace basisbench {
namespace {

using testing::ElementsAre;

class StoreChangesTest : public StoreTest {
 protected:
  v1::Job Job(const std::string& id) {
    const absl::StatusOr<v1::Job> job = store_->GetJob(id);
    EXPECT_THAT(job, IsOk());
    return job.value_or(v1::Job());
  }
};

TEST_F(StoreChangesTest, AnInsertedJobSurvivesAsItWas) {
  NewJob made = NewJobOf("j1", {1, 1, 2});
  made.job.set_request_id("r1");
  made.job.mutable_spec()->set_priority(-7);
  made.unsupported.push_back(RecordOf(made, 1, v1::OUTCOME_UNSUPPORTED));
  ASSERT_THAT(Insert(made), IsOk());
  Reopen();
  const v1::Job job = Job("j1");
  EXPECT_EQ(job.spec().SerializeAsString(), made.job.spec().SerializeAsString());
  EXPECT_EQ(job.state(), v1::JOB_STATE_QUEUED);
  EXPECT_EQ(job.request_id(), "r1");
  EXPECT_EQ(NanosFromTimestamp(job.submit_time()), 1'000'000'000'000'000'001);
  EXPECT_EQ(job.cases_total(), 3u);
  EXPECT_EQ(job.cases_done(), 1u);
  EXPECT_EQ(job.cases_unsupported(), 1u);
  EXPECT_FALSE(job.has_start_time());
  EXPECT_FALSE(job.has_end_time());
  const auto active = store_->LoadActiveJobs();
  ASSERT_THAT(active, IsOk());
  ASSERT_EQ(active->size(), 1u);
  EXPECT_EQ((*active)[0].remaining, (RankGroups{{1, 1}, {2, 1}}));
  EXPECT_EQ((*active)[0].priority, -7);
  EXPECT_EQ((*active)[0].max_attempts, 3u);
}

TEST_F(StoreChangesTest, TheSameRequestGivesTheSameJobAlsoAfterARestart) {
  NewJob first = NewJobOf("j1", {1});
  first.job.set_request_id("r1");
  NewJob again = NewJobOf("j2", {1, 1});
  again.job.set_request_id("r1");
  ASSERT_THAT(Insert(first), IsOk());
  Reopen();
  const auto job = Insert(again);
  ASSERT_THAT(job, IsOk());
  EXPECT_EQ(job->id(), "j1");
  EXPECT_EQ(job->cases_total(), 1u);
  EXPECT_THAT(store_->GetJob("j2"), Fails(absl::StatusCode::kNotFound, "no job 'j2'"));
  EXPECT_EQ(*store_->FindByRequestId("r1"), "j1");
  EXPECT_EQ(*store_->FindByRequestId("r2"), "");
}

TEST_F(StoreChangesTest, JobsWithoutARequestAreAllDifferent) {
  ASSERT_THAT(Insert(NewJobOf("j1", {1})), IsOk());
  ASSERT_THAT(Insert(NewJobOf("j2", {1})), IsOk());
  EXPECT_EQ((*store_->CountJobs())[v1::JOB_STATE_QUEUED], 2);
  EXPECT_EQ(*store_->FindByRequestId(""), "") << "no request is not a request";
}

TEST_F(StoreChangesTest, AFailingChangeLeavesNothingBehind) {
  const auto status = store_->ApplyAndWait([](Database& database) -> absl::Status {
    const auto job = InsertJob(database, NewJobOf("j1", {1}));
    return job.ok() ? absl::InternalError("afterwards") : job.status();
  });
  EXPECT_THAT(status, Fails(absl::StatusCode::kInternal, "afterwards"));
  EXPECT_THAT(store_->GetJob("j1"), Fails(absl::StatusCode::kNotFound, "j1"));
  Reopen();
  EXPECT_THAT(store_->GetJob("j1"), Fails(absl::StatusCode::kNotFound, "j1"));
}

TEST_F(StoreChangesTest, ARecordIsStoredOnceAndTheFirstOneStays) {
  const NewJob made = NewJobOf("j1", {2, 2});
  ASSERT_THAT(Insert(made), IsOk());
  const auto first = Append(RecordOf(made, 1));
  ASSERT_THAT(first, IsOk());
  EXPECT_TRUE(first->inserted);
  EXPECT_EQ(first->ranks, 2u);
  Reopen();
  for (const v1::Outcome outcome : {v1::OUTCOME_OK, v1::OUTCOME_CRASHED}) {
    const auto again = Append(RecordOf(made, 1, outcome));
    ASSERT_THAT(again, IsOk());
    EXPECT_FALSE(again->inserted);
  }
  EXPECT_EQ(Job("j1").cases_done(), 1u);
  EXPECT_EQ(Job("j1").cases_ok(), 1u);
  const std::vector<v1::CaseResult> results = Results("j1");
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].SerializeAsString(), RecordOf(made, 1).SerializeAsString())
      << "samples and all";
  EXPECT_EQ(Events("j1").size(), 2u) << "submitted, and one record";
}

TEST_F(StoreChangesTest, ARecordOfAnUnknownCaseOrJobIsNotTaken) {
  const NewJob made = NewJobOf("j1", {1});
  ASSERT_THAT(Insert(made), IsOk());
  v1::CaseResult beyond = RecordOf(made, 0);
  beyond.mutable_case_()->set_index(1);
  EXPECT_THAT(Append(beyond), Fails(absl::StatusCode::kInvalidArgument,
                                    "job 'j1' has 1 cases; there is no case 1"));
  const auto stranger = Append(RecordOf(NewJobOf("j2", {1}), 0));
  ASSERT_THAT(stranger, IsOk());
  EXPECT_FALSE(stranger->inserted) << "that job was deleted meanwhile";
}

TEST_F(StoreChangesTest, AnAttemptGetsTheCasesOfItsWorldSizeWithoutARecord) {
  const NewJob made = NewJobOf("j1", {1, 1, 2});
  ASSERT_THAT(Insert(made), IsOk());
  ASSERT_THAT(Append(RecordOf(made, 0)), IsOk());
  const auto work = Begin(AttemptOf("a1", "j1", 1, {"w1", "w2"}), 77);
  ASSERT_THAT(work, IsOk());
  ASSERT_EQ(work->cases.size(), 1u);
  EXPECT_EQ(work->cases[0].index(), 1u);
  Reopen();
  const v1::Job job = Job("j1");
  EXPECT_EQ(job.state(), v1::JOB_STATE_RUNNING);
  EXPECT_EQ(job.attempts(), 1u);
  EXPECT_THAT(job.workers(), ElementsAre("w1", "w2"));
  EXPECT_EQ(NanosFromTimestamp(job.start_time()), 77);
  const auto running = store_->LoadRunningAttempts();
  ASSERT_THAT(running, IsOk());
  ASSERT_EQ(running->size(), 1u);
  EXPECT_EQ((*running)[0].prepare.secret(), "secret");
  EXPECT_EQ((*running)[0].ranks, 1u);
}

TEST_F(StoreChangesTest, AnEndedAttemptIsNotTakenUpAgain) {
  ASSERT_THAT(Insert(NewJobOf("j1", {1})), IsOk());
  ASSERT_THAT(Begin(AttemptOf("a1", "j1", 1)), IsOk());
  for (int i = 0; i < 2; ++i) {
    ASSERT_THAT(Do([](Database& database) {
                  return EndAttempt(database, "a1", v1::ATTEMPT_END_CRASHED, "why", 9);
                }),
                IsOk());
  }
  Reopen();
  EXPECT_TRUE(store_->LoadRunningAttempts()->empty());
  const auto found = Do([](Database& database) { return FindAttempt(database, "a1"); });
  ASSERT_THAT(found, IsOk());
  ASSERT_TRUE(found->has_value());
  EXPECT_EQ((*found)->prepare.job_id(), "j1");
  EXPECT_FALSE(Do([](Database& database) { return FindAttempt(database, "a2"); })->has_value());
}

TEST_F(StoreChangesTest, TwoAttemptsOfOneNameAreRefused) {
  ASSERT_THAT(Insert(NewJobOf("j1", {1})), IsOk());
  ASSERT_THAT(Begin(AttemptOf("a1", "j1", 1)), IsOk());
  EXPECT_THAT(Begin(AttemptOf("a1", "j1", 1)), Fails(absl::StatusCode::kAlreadyExists, "attempts"));
  EXPECT_EQ(Job("j1").attempts(), 1u) << "the change was rolled back as a whole";
}

TEST_F(StoreChangesTest, RequeueingCountsLossesOnly) {
  ASSERT_THAT(Insert(NewJobOf("j1", {1, 1})), IsOk());
  for (const bool lost : {true, false, true}) {
    ASSERT_THAT(Do([lost](Database& database) { return RequeueJob(database, "j1", "why", lost); }),
                IsOk());
  }
  Reopen();
  EXPECT_EQ(Job("j1").state(), v1::JOB_STATE_QUEUED);
  EXPECT_EQ(Job("j1").detail(), "why");
  EXPECT_EQ((*store_->LoadActiveJobs())[0].losses, 2u);
}

TEST_F(StoreChangesTest, AFailureIsRecordedForACaseWithoutARecordOnly) {
  const NewJob made = NewJobOf("j1", {1, 2});
  ASSERT_THAT(Insert(made), IsOk());
  const auto fail = [this](uint32_t index) {
    CaseFailure failure{"j1", "a1", index, v1::OUTCOME_TIMED_OUT, "too slow", 42};
    v1::CaseResult written;
    const auto recorded =
        Do([&](Database& database) { return AppendFailure(database, failure, written); });
    EXPECT_THAT(recorded, IsOk());
    return recorded.value_or(Recorded{});
  };
  EXPECT_TRUE(fail(1).inserted);
  EXPECT_FALSE(fail(1).inserted);
  EXPECT_FALSE(fail(9).inserted);
  const std::vector<v1::CaseResult> results = Results("j1");
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].outcome(), v1::OUTCOME_TIMED_OUT);
  EXPECT_EQ(results[0].detail(), "too slow");
  EXPECT_EQ(results[0].case_().ranks(), 2u) << "the case as it was expanded";
  EXPECT_EQ(results[0].attempt_id(), "a1");
}

TEST_F(StoreChangesTest, TheEndFollowsFromTheRecords) {
  const NewJob good = NewJobOf("good", {1, 1});
  const NewJob bad = NewJobOf("bad", {1, 1, 1});
  for (const NewJob& made : {good, bad}) ASSERT_THAT(Insert(made), IsOk());
  ASSERT_THAT(Append(RecordOf(good, 0)), IsOk());
  ASSERT_THAT(Append(RecordOf(good, 1, v1::OUTCOME_UNSUPPORTED)), IsOk());
  ASSERT_THAT(Append(RecordOf(bad, 0)), IsOk());
  ASSERT_THAT(Append(RecordOf(bad, 1, v1::OUTCOME_CRASHED)), IsOk());
  ASSERT_THAT(Append(RecordOf(bad, 2, v1::OUTCOME_TIMED_OUT)), IsOk());
  ASSERT_THAT(End("good", {}, 99), IsOk());
  ASSERT_THAT(End("bad", {}, 99), IsOk());
  Reopen();
  EXPECT_EQ(Job("good").state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_EQ(Job("good").detail(), "");
  EXPECT_EQ(NanosFromTimestamp(Job("good").end_time()), 99);
  EXPECT_EQ(Job("bad").state(), v1::JOB_STATE_FAILED);
  EXPECT_EQ(Job("bad").detail(), "2 of 3 cases did not end ok: 1 timed out, 1 crashed");
  EXPECT_TRUE(store_->LoadActiveJobs()->empty());
}

TEST_F(StoreChangesTest, EndingAJobEarlyRecordsWhatNeverRan) {
  const NewJob made = NewJobOf("j1", {1, 1});
  ASSERT_THAT(Insert(made), IsOk());
  ASSERT_THAT(Append(RecordOf(made, 0)), IsOk());
  const JobEnding cancelled{v1::OUTCOME_CANCELLED, v1::JOB_STATE_CANCELLED, "by request"};
  ASSERT_THAT(End("j1", cancelled), IsOk());
  const size_t events = Events("j1").size();
  const auto again = End("j1", {v1::OUTCOME_NOT_RUN, v1::JOB_STATE_FAILED, "other"});
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->state(), v1::JOB_STATE_CANCELLED) << "an end is final";
  EXPECT_FALSE(Append(RecordOf(made, 1))->inserted) << "nothing is recorded after the end";
  EXPECT_EQ(Events("j1").size(), events);
  const std::vector<v1::CaseResult> results = Results("j1");
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].outcome(), v1::OUTCOME_OK);
  EXPECT_EQ(results[1].outcome(), v1::OUTCOME_CANCELLED);
  EXPECT_EQ(Job("j1").cases_done(), 2u);
  EXPECT_THAT(Begin(AttemptOf("a1", "j1", 1)), Fails(absl::StatusCode::kFailedPrecondition, "j1"));
}

TEST_F(StoreChangesTest, CancellationIsNotedOnce) {
  ASSERT_THAT(Insert(NewJobOf("j1", {1})), IsOk());
  const auto cancel = [this](const std::string& id) {
    return Do([id](Database& database) { return RequestCancel(database, id); });
  };
  ASSERT_THAT(cancel("j1"), IsOk());
  const size_t events = Events("j1").size();
  ASSERT_THAT(cancel("j1"), IsOk());
  EXPECT_EQ(Events("j1").size(), events);
  Reopen();
  EXPECT_TRUE((*store_->LoadActiveJobs())[0].cancel_requested);
  ASSERT_THAT(End("j1", {v1::OUTCOME_CANCELLED, v1::JOB_STATE_CANCELLED, ""}), IsOk());
  EXPECT_THAT(cancel("j1"), Fails(absl::StatusCode::kFailedPrecondition, "has ended already"));
  EXPECT_THAT(cancel("j2"), Fails(absl::StatusCode::kNotFound, "no job 'j2'"));
}

TEST_F(StoreChangesTest, DeletingTakesEverythingOfAnEndedJob) {
  const NewJob made = NewJobOf("j1", {1});
  const NewJob kept = NewJobOf("j2", {1});
  for (const NewJob& job : {made, kept}) {
    ASSERT_THAT(Insert(job), IsOk());
    ASSERT_THAT(Append(RecordOf(job, 0)), IsOk());
  }
  ASSERT_THAT(Begin(AttemptOf("a1", "j1", 1)), IsOk());
  const auto remove = [this](const std::string& id) {
    return Do([id](Database& database) { return DeleteJob(database, id); });
  };
  EXPECT_THAT(remove("j1"), Fails(absl::StatusCode::kFailedPrecondition, "cancel it first"));
  ASSERT_THAT(End("j1", {}), IsOk());
  ASSERT_THAT(remove("j1"), IsOk());
  Reopen();
  EXPECT_THAT(remove("j1"), Fails(absl::StatusCode::kNotFound, "no job 'j1'"));
  EXPECT_EQ(Results("j2").size(), 1u);
  for (const char* table : {"cases", "results", "events", "attempts"}) {
    const auto left = Do([table](Database& database) -> absl::StatusOr<int64_t> {
      auto select =
          database.Prepare(std::string("SELECT COUNT(*) FROM ") + table + " WHERE job_id = 'j1'");
      if (!select.ok()) return select.status();
      const auto row = select->Step();
      return row.ok() ? absl::StatusOr<int64_t>(select->Int(0)) : row.status();
    });
    ASSERT_THAT(left, IsOk());
    EXPECT_EQ(*left, 0) << table;
  }
}

TEST_F(StoreChangesTest, EventsAreNumberedWithoutGapsAndTellTheStory) {
  const NewJob made = NewJobOf("j1", {1});
  ASSERT_THAT(Insert(made), IsOk());
  ASSERT_THAT(Begin(AttemptOf("a1", "j1", 1)), IsOk());
  ASSERT_THAT(Append(RecordOf(made, 0)), IsOk());
  ASSERT_THAT(End("j1", {}), IsOk());
  Reopen();
  const std::vector<v1::WatchJobResponse> events = Events("j1");
  ASSERT_EQ(events.size(), 4u);
  for (size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i].sequence(), i + 1);
  EXPECT_EQ(events[0].job().state(), v1::JOB_STATE_QUEUED);
  EXPECT_EQ(events[0].job().spec().name(), "name of j1") << "the specification is joined again";
  EXPECT_EQ(events[1].job().state(), v1::JOB_STATE_RUNNING);
  EXPECT_EQ(events[2].result().outcome(), v1::OUTCOME_OK);
  EXPECT_EQ(events[2].result().timing().samples_size(), 0) << "watchers get no raw samples";
  EXPECT_EQ(events[2].result().timing().batch(), 7u);
  EXPECT_EQ(events[3].job().state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_EQ(Events("j1", 3).size(), 1u);
  EXPECT_EQ(Events("j1", UINT64_MAX).size(), 0u);
}

TEST_F(StoreChangesTest, TheCatalogueIsReplaced) {
  v1::OperatorCatalogue catalogue;
  catalogue.add_operators()->set_name("b");
  catalogue.add_operators()->set_name("a");
  const auto save = [&] {
    return Do([&](Database& database) { return SaveOperators(database, catalogue); });
  };
  ASSERT_THAT(save(), IsOk());
  Reopen();
  ASSERT_EQ(store_->LoadOperators()->operators_size(), 2);
  EXPECT_EQ(store_->LoadOperators()->operators(0).name(), "a");
  catalogue.mutable_operators()->DeleteSubrange(0, 1);
  ASSERT_THAT(save(), IsOk());
  EXPECT_EQ(store_->LoadOperators()->operators_size(), 1);
}

}  // namespace
}  // namespace basisbench
