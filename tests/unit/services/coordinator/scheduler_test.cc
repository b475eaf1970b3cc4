// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/scheduler.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace basisbench {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const absl::Time kStart = absl::FromUnixSeconds(1'000'000);

ActiveJob JobOf(const std::string& id, RankGroups remaining, int32_t priority = 0) {
  ActiveJob job;
  job.id = id;
  job.state = v1::JOB_STATE_QUEUED;
  job.priority = priority;
  job.submit_ns = absl::ToUnixNanos(kStart);
  job.max_attempts = 3;
  job.remaining = std::move(remaining);
  return job;
}

ActiveJob On(const std::string& backend, ActiveJob job) {
  job.backend = backend;
  return job;
}

const std::vector<std::string> kWholeGpus = {kCudaNccl, kCudaMpi};
const std::vector<std::string> kSharedGpus = {kCudaMpi};

class SchedulerTest : public testing::Test {
 protected:
  void Attach(const std::string& worker, uint32_t slots,
              const std::vector<std::string>& backends = {kCpuMpi}) {
    scheduler_.WorkerAttached(worker, {slots, backends}, now_);
  }
  // Empty when nothing can start.
  std::string NextJob() {
    const std::optional<StartDecision> decision = scheduler_.NextStart(now_);
    return decision.has_value() ? decision->job : "";
  }
  // The attempt ends and its gang is free again.
  AfterAttempt End(const StartDecision& decision, bool lost = false) {
    for (const GangSlot& slot : decision.gang) scheduler_.Release(slot.worker);
    return scheduler_.AttemptOver(decision.job, lost, now_);
  }

  absl::Time now_ = kStart;
  Scheduler scheduler_{absl::Seconds(5)};
};

TEST_F(SchedulerTest, AJobGetsAllItsSlotsAtOnceOrNone) {
  scheduler_.AddJob(JobOf("a", {{3, 1}}));
  Attach("w1", 2);
  EXPECT_EQ(NextJob(), "");
  EXPECT_EQ(scheduler_.pool().idle_slots(kCpuMpi), 2u)
      << "nothing is held for a job that cannot start";
  Attach("w2", 2);
  const auto decision = scheduler_.NextStart(now_);
  ASSERT_TRUE(decision.has_value());
  EXPECT_EQ(decision->job, "a");
  EXPECT_EQ(decision->attempt, 1u);
  EXPECT_EQ(decision->ranks, 3u);
  ASSERT_EQ(decision->gang.size(), 2u);
  EXPECT_EQ(decision->gang[0].ranks + decision->gang[1].ranks, 3u);
  EXPECT_EQ(scheduler_.pool().idle_slots(kCpuMpi), 0u)
      << "its workers are its own, the spare slot included";
}

TEST_F(SchedulerTest, AWorkerOfAGangTakesNothingElseUntilItIsReleased) {
  Attach("w1", 4);
  scheduler_.AddJob(JobOf("a", {{1, 2}}));
  scheduler_.AddJob(JobOf("b", {{1, 1}}));
  const auto first = scheduler_.NextStart(now_);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(NextJob(), "");
  EXPECT_EQ(scheduler_.AttemptOver("a", /*lost=*/false, now_), AfterAttempt::kRequeued);
  EXPECT_EQ(NextJob(), "") << "its processes may still run there";
  scheduler_.Release("w1");
  EXPECT_EQ(NextJob(), "a") << "it stands before b still";
}

TEST_F(SchedulerTest, JobsOfOneTimeRunByPriorityAndThenByIdentity) {
  Attach("w1", 1);
  for (const char* id : {"b", "a"}) scheduler_.AddJob(JobOf(id, {{1, 1}}));
  scheduler_.AddJob(JobOf("urgent", {{1, 1}}, 1));
  scheduler_.AddJob(JobOf("patient", {{1, 1}}, -1));
  std::vector<std::string> order;
  while (const auto decision = scheduler_.NextStart(now_)) {
    order.push_back(decision->job);
    EXPECT_FALSE(scheduler_.CaseRecorded(decision->job, 1));
    EXPECT_EQ(End(*decision), AfterAttempt::kFinished);
    scheduler_.RemoveJob(decision->job);
  }
  EXPECT_THAT(order, ElementsAre("urgent", "a", "b", "patient"));
}

TEST_F(SchedulerTest, WaitingMakesUpForPriority) {
  Attach("w1", 1);
  scheduler_.AddJob(JobOf("old", {{1, 1}}, -100));
  ActiveJob young = JobOf("young", {{1, 1}}, 100);
  young.submit_ns = absl::ToUnixNanos(kStart + absl::Minutes(201));
  scheduler_.AddJob(young);
  EXPECT_EQ(NextJob(), "old") << "201 minutes earlier outweigh 200 points";
}

TEST_F(SchedulerTest, ALargeJobIsNotOvertakenForEver) {
  for (const char* worker : {"w1", "w2"}) Attach(worker, 1);
  scheduler_.AddJob(JobOf("1-small", {{1, 1}}));
  const auto running = scheduler_.NextStart(now_);
  ASSERT_TRUE(running.has_value());
  scheduler_.AddJob(JobOf("2-large", {{2, 1}}));
  for (int i = 0; i < 100; ++i) scheduler_.AddJob(JobOf("3-small" + std::to_string(i), {{1, 1}}));
  EXPECT_EQ(NextJob(), "") << "the idle worker is kept for the large job";
  End(*running);
  scheduler_.RemoveJob("1-small");
  EXPECT_EQ(NextJob(), "2-large");
}

TEST_F(SchedulerTest, JobsBehindTheReservationUseOnlyWhatItLeaves) {
  for (const char* worker : {"w1", "w2", "w3", "w4"}) Attach(worker, 1);
  scheduler_.AddJob(JobOf("0-running", {{2, 1}}));
  const auto running = scheduler_.NextStart(now_);
  ASSERT_TRUE(running.has_value());
  scheduler_.AddJob(JobOf("1-large", {{3, 1}}));
  scheduler_.AddJob(JobOf("2-small", {{1, 1}}));
  scheduler_.AddJob(JobOf("3-small", {{1, 1}}));
  EXPECT_EQ(NextJob(), "2-small") << "one of the four slots is not needed by the large job";
  EXPECT_EQ(NextJob(), "") << "a second one would delay it";
  End(*running);
  scheduler_.RemoveJob("0-running");
  EXPECT_EQ(NextJob(), "1-large");
}

TEST_F(SchedulerTest, AJobTooLargeForTheClusterBlocksNobody) {
  Attach("w1", 2);
  scheduler_.AddJob(JobOf("1-huge", {{64, 1}}));
  scheduler_.AddJob(JobOf("2-small", {{2, 1}}));
  EXPECT_EQ(NextJob(), "2-small");
  Attach("w2", 64);
  EXPECT_EQ(NextJob(), "1-huge") << "it has its chance once the workers are there";
}

TEST_F(SchedulerTest, EachWorldSizeIsAnAttemptOfItsOwnSmallestFirst) {
  Attach("w1", 4);
  scheduler_.AddJob(JobOf("a", {{4, 1}, {2, 2}}));
  const auto first = scheduler_.NextStart(now_);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->ranks, 2u);
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(scheduler_.CaseRecorded("a", 2));
  EXPECT_EQ(End(*first), AfterAttempt::kRequeued);
  const auto second = scheduler_.NextStart(now_);
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->ranks, 4u);
  EXPECT_EQ(second->attempt, 2u);
  EXPECT_FALSE(scheduler_.CaseRecorded("a", 4));
  EXPECT_EQ(End(*second), AfterAttempt::kFinished);
}

TEST_F(SchedulerTest, ASilentWorkersLeaseRunsOut) {
  Attach("w1", 1);
  Attach("w2", 1);
  now_ += absl::Seconds(4);
  scheduler_.WorkerHeard("w2", now_);
  EXPECT_THAT(scheduler_.TakeExpired(now_), IsEmpty());
  now_ += absl::Seconds(1);
  EXPECT_THAT(scheduler_.TakeExpired(now_), ElementsAre("w1"));
  EXPECT_EQ(scheduler_.pool().slots(kCpuMpi), 1u);
  EXPECT_THAT(scheduler_.TakeExpired(now_), IsEmpty()) << "it is reported once";
  scheduler_.WorkerHeard("w1", now_);
  now_ += absl::Seconds(100);
  EXPECT_THAT(scheduler_.TakeExpired(now_), ElementsAre("w2"))
      << "a late word of w1 revives nothing";
}

TEST_F(SchedulerTest, ADisconnectedWorkerTakesNothingNewButKeepsItsLease) {
  Attach("w1", 1);
  scheduler_.AddJob(JobOf("a", {{1, 1}}));
  scheduler_.WorkerDetached("w1");
  EXPECT_EQ(NextJob(), "");
  Attach("w1", 1);
  EXPECT_EQ(NextJob(), "a");
  scheduler_.WorkerDetached("w1");
  now_ += absl::Seconds(5);
  EXPECT_THAT(scheduler_.TakeExpired(now_), ElementsAre("w1"));
}

TEST_F(SchedulerTest, ADrainingWorkerFinishesWhatItHasAndTakesNoMore) {
  Attach("w1", 1);
  scheduler_.AddJob(JobOf("a", {{1, 2}}));
  const auto decision = scheduler_.NextStart(now_);
  ASSERT_TRUE(decision.has_value());
  scheduler_.WorkerDraining("w1");
  EXPECT_TRUE(scheduler_.IsRunning("a"));
  EXPECT_EQ(End(*decision), AfterAttempt::kRequeued);
  EXPECT_EQ(NextJob(), "");
}

TEST_F(SchedulerTest, ALostJobIsRetriedLaterAndGivenUpAfterItsAttempts) {
  Attach("w1", 1);
  scheduler_.AddJob(JobOf("a", {{1, 1}}));
  for (const absl::Duration pause : {absl::Milliseconds(250), absl::Milliseconds(500)}) {
    const auto decision = scheduler_.NextStart(now_);
    ASSERT_TRUE(decision.has_value());
    ASSERT_EQ(End(*decision, /*lost=*/true), AfterAttempt::kRequeued);
    now_ += pause - absl::Milliseconds(1);
    EXPECT_EQ(NextJob(), "") << "the pause doubles with each loss";
    now_ += absl::Milliseconds(1);
  }
  const auto third = scheduler_.NextStart(now_);
  ASSERT_TRUE(third.has_value());
  EXPECT_EQ(third->attempt, 3u);
  EXPECT_EQ(End(*third, /*lost=*/true), AfterAttempt::kGivenUp);
  now_ += absl::Hours(1);
  EXPECT_EQ(NextJob(), "");
}

TEST_F(SchedulerTest, ThePauseAfterManyLossesIsBounded) {
  Attach("w1", 1);
  ActiveJob job = JobOf("a", {{1, 1}});
  job.max_attempts = 100;
  scheduler_.AddJob(job);
  for (int i = 0; i < 99; ++i) {
    const auto decision = scheduler_.NextStart(now_);
    ASSERT_TRUE(decision.has_value()) << "attempt " << i;
    ASSERT_EQ(End(*decision, /*lost=*/true), AfterAttempt::kRequeued);
    now_ += absl::Seconds(15);
  }
}

TEST_F(SchedulerTest, AnAttemptThatEndedByFaultOfACaseIsNotALoss) {
  Attach("w1", 1);
  scheduler_.AddJob(JobOf("a", {{1, 20}}));
  for (int i = 0; i < 10; ++i) {
    const auto decision = scheduler_.NextStart(now_);
    ASSERT_TRUE(decision.has_value());
    EXPECT_FALSE(scheduler_.CaseRecorded("a", 1));
    ASSERT_EQ(End(*decision), AfterAttempt::kRequeued) << "attempt " << i;
  }
}

TEST_F(SchedulerTest, AnAdoptedAttemptHoldsItsGangBeforeItAttaches) {
  scheduler_.AddJob(JobOf("a", {{2, 1}}));
  scheduler_.AddJob(JobOf("b", {{1, 1}}));
  scheduler_.Adopt("a", {"w1", "w2"});
  EXPECT_TRUE(scheduler_.IsRunning("a"));
  Attach("w1", 1);
  Attach("w2", 1);
  EXPECT_EQ(NextJob(), "");
  EXPECT_FALSE(scheduler_.CaseRecorded("a", 2));
  EXPECT_EQ(End({"a", 1, 2, {{"w1", 1}, {"w2", 1}}}), AfterAttempt::kFinished);
  EXPECT_EQ(NextJob(), "b");
}

TEST_F(SchedulerTest, ALateRecordCanFinishAJobThatWaits) {
  Attach("w1", 1);
  scheduler_.AddJob(JobOf("a", {{1, 1}}));
  const auto decision = scheduler_.NextStart(now_);
  ASSERT_TRUE(decision.has_value());
  ASSERT_EQ(End(*decision, /*lost=*/true), AfterAttempt::kRequeued);
  EXPECT_TRUE(scheduler_.CaseRecorded("a", 1)) << "that was its last case";
  now_ += absl::Minutes(1);
  EXPECT_EQ(NextJob(), "") << "nothing is left to run";
}

TEST_F(SchedulerTest, ALateRecordOfOneWorldSizeLetsTheJobWaitForTheOther) {
  Attach("w1", 2);
  scheduler_.AddJob(JobOf("a", {{1, 1}, {2, 1}}));
  const auto decision = scheduler_.NextStart(now_);
  ASSERT_TRUE(decision.has_value());
  ASSERT_EQ(End(*decision, /*lost=*/true), AfterAttempt::kRequeued);
  EXPECT_FALSE(scheduler_.CaseRecorded("a", 1));
  now_ += absl::Seconds(1);
  const auto next = scheduler_.NextStart(now_);
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(next->ranks, 2u);
}

TEST_F(SchedulerTest, UnknownJobsAndWorkersAreIgnored) {
  scheduler_.RemoveJob("x");
  scheduler_.Adopt("x", {"w1"});
  scheduler_.Release("w9");
  scheduler_.WorkerGone("w9");
  EXPECT_FALSE(scheduler_.CaseRecorded("x", 1));
  EXPECT_EQ(scheduler_.AttemptOver("x", false, now_), AfterAttempt::kUnknown);
  scheduler_.AddJob(JobOf("waits", {{1, 1}}));
  EXPECT_EQ(scheduler_.AttemptOver("waits", false, now_), AfterAttempt::kUnknown);
  EXPECT_EQ(scheduler_.queued(), 1u);
}

TEST_F(SchedulerTest, AJobGetsOnlyWorkersThatOfferItsBackend) {
  Attach("cpu", 4);
  Attach("gpu", 2, kWholeGpus);
  scheduler_.AddJob(On(kCudaNccl, JobOf("1-nccl", {{3, 1}})));
  EXPECT_EQ(NextJob(), "") << "six slots, but two of the backend: gangs never mix";
  scheduler_.AddJob(On(kCudaMpi, JobOf("2-staged", {{2, 1}})));
  scheduler_.AddJob(JobOf("3-cpu", {{4, 1}}));
  const auto first = scheduler_.NextStart(now_);
  const auto second = scheduler_.NextStart(now_);
  ASSERT_TRUE(first.has_value() && second.has_value());
  EXPECT_EQ(first->job, "3-cpu");
  EXPECT_EQ(first->gang[0].worker, "cpu");
  EXPECT_EQ(second->job, "2-staged");
  EXPECT_EQ(second->gang[0].worker, "gpu");
}

TEST_F(SchedulerTest, AWaitingJobOfOneDeviceHoldsBackNobodyOfAnother) {
  Attach("cpu", 1);
  Attach("gpu1", 1, kWholeGpus);
  Attach("gpu2", 1, kWholeGpus);
  scheduler_.AddJob(JobOf("0-cpu", {{1, 1}}));
  scheduler_.AddJob(On(kCudaNccl, JobOf("0-gpu", {{1, 1}})));
  EXPECT_EQ(NextJob(), "0-cpu");
  const auto on_gpu = scheduler_.NextStart(now_);
  ASSERT_TRUE(on_gpu.has_value());
  // Each lane has a head that waits.
  scheduler_.AddJob(JobOf("1-cpu", {{1, 1}}));
  scheduler_.AddJob(On(kCudaNccl, JobOf("2-gpus", {{2, 1}})));
  scheduler_.AddJob(On(kCudaMpi, JobOf("3-gpu", {{1, 1}})));
  EXPECT_EQ(NextJob(), "")
      << "the idle GPU is kept for the larger job, the backend is no way round";
  End(*on_gpu);
  scheduler_.RemoveJob("0-gpu");
  EXPECT_EQ(NextJob(), "2-gpus") << "whatever happens on the CPUs";
}

TEST_F(SchedulerTest, WorkersThatTheReservationCannotUseAreFreeForOthers) {
  Attach("whole", 2, kWholeGpus);
  Attach("shared", 4, kSharedGpus);
  scheduler_.AddJob(On(kCudaMpi, JobOf("0-running", {{2, 1}})));
  const auto running = scheduler_.NextStart(now_);
  ASSERT_TRUE(running.has_value());
  ASSERT_EQ(running->gang[0].worker, "whole");
  scheduler_.AddJob(On(kCudaNccl, JobOf("1-nccl", {{2, 1}})));
  scheduler_.AddJob(On(kCudaMpi, JobOf("2-staged", {{4, 1}})));
  EXPECT_EQ(NextJob(), "2-staged") << "it takes nothing from the job in front of it";
  End(*running);
  scheduler_.RemoveJob("0-running");
  EXPECT_EQ(NextJob(), "1-nccl");
}

TEST_F(SchedulerTest, TellsWhatAJobWaitsFor) {
  scheduler_.AddJob(On(kCudaNccl, JobOf("a", {{2, 1}})));
  ASSERT_NE(scheduler_.Waits("a"), nullptr);
  EXPECT_EQ(scheduler_.Waits("a")->backend, kCudaNccl);
  EXPECT_EQ(scheduler_.Waits("a")->ranks, 2u);
  EXPECT_EQ(scheduler_.queued("cuda"), 1u);
  EXPECT_EQ(scheduler_.queued("cpu"), 0u);
  EXPECT_EQ(scheduler_.queued(), 1u);
  Attach("gpu", 2, kWholeGpus);
  EXPECT_EQ(NextJob(), "a");
  EXPECT_EQ(scheduler_.Waits("a"), nullptr);
  EXPECT_EQ(scheduler_.Waits("unknown"), nullptr);
}

}  // namespace
}  // namespace basisbench
