// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/job_queue.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/coordinator/lease_table.h"

namespace basisbench {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const absl::Time kStart = absl::FromUnixSeconds(1'000'000);

JobQueue::Waiting Waits(const std::string& id, uint32_t ranks, absl::Duration after = {},
                        int32_t priority = 0) {
  return {PlaceOf(id, kStart + after, priority), "cpu_mpi", ranks};
}

std::vector<JobQueue::Waiting> FirstsUpTo(const JobQueue& queue, uint64_t most) {
  return queue.Firsts([most](const std::string&) { return most; });
}

std::vector<std::string> Ids(const std::vector<JobQueue::Waiting>& jobs) {
  std::vector<std::string> ids;
  for (const JobQueue::Waiting& job : jobs) ids.push_back(job.place.id);
  return ids;
}

TEST(JobQueue, OffersTheFirstOfEachWorldSizeInTheOrderOfTheQueue) {
  JobQueue queue;
  queue.Add(Waits("two-late", 2, absl::Seconds(3)), absl::InfinitePast());
  queue.Add(Waits("two", 2, absl::Seconds(2)), absl::InfinitePast());
  queue.Add(Waits("four", 4, absl::Seconds(1)), absl::InfinitePast());
  queue.Add(Waits("one", 1, absl::Seconds(9)), absl::InfinitePast());
  queue.Advance(kStart);
  EXPECT_THAT(Ids(FirstsUpTo(queue, 100)), ElementsAre("four", "two", "one"));
  EXPECT_THAT(Ids(FirstsUpTo(queue, 2)), ElementsAre("two", "one"));
  EXPECT_THAT(Ids(FirstsUpTo(queue, 0)), IsEmpty());
}

TEST(JobQueue, BackendsHaveFirstsAndLimitsOfTheirOwn) {
  JobQueue queue;
  for (const char* backend : {"cuda_mpi", "cuda_nccl"}) {
    JobQueue::Waiting waiting = Waits(backend, 2, absl::Seconds(1));
    waiting.backend = backend;
    queue.Add(waiting, absl::InfinitePast());
    waiting.place.id += "-late";
    waiting.place.time += absl::Seconds(1);
    queue.Add(waiting, absl::InfinitePast());
  }
  queue.Advance(kStart);
  EXPECT_THAT(Ids(FirstsUpTo(queue, 2)), ElementsAre("cuda_mpi", "cuda_nccl"));
  EXPECT_THAT(Ids(queue.Firsts([](const std::string& backend) {
                return backend == "cuda_mpi" ? uint64_t{1} : uint64_t{2};
              })),
              ElementsAre("cuda_nccl"));
  ASSERT_NE(queue.Find("cuda_nccl"), nullptr);
  EXPECT_EQ(queue.Find("cuda_nccl")->backend, "cuda_nccl");
  EXPECT_EQ(queue.Find("nobody"), nullptr);
}

TEST(JobQueue, AJobHeldBackComesInAtItsTime) {
  JobQueue queue;
  queue.Add(Waits("a", 1), kStart + absl::Seconds(2));
  queue.Add(Waits("b", 1), kStart + absl::Seconds(1));
  EXPECT_EQ(queue.NextAdvance(), kStart + absl::Seconds(1));
  queue.Advance(kStart + absl::Seconds(1));
  EXPECT_THAT(Ids(FirstsUpTo(queue, 1)), ElementsAre("b"));
  queue.Advance(kStart + absl::Seconds(2));
  EXPECT_THAT(Ids(FirstsUpTo(queue, 1)), ElementsAre("a"));
  EXPECT_EQ(queue.NextAdvance(), std::nullopt);
}

TEST(JobQueue, AJobIsThereOnceHoweverOftenItIsAdded) {
  JobQueue queue;
  queue.Add(Waits("a", 1), absl::InfinitePast());
  queue.Advance(kStart);
  queue.Add(Waits("a", 2), kStart + absl::Seconds(1));
  EXPECT_EQ(queue.size(), 1u);
  EXPECT_THAT(Ids(FirstsUpTo(queue, 9)), IsEmpty());
  queue.Advance(kStart + absl::Seconds(1));
  const auto firsts = FirstsUpTo(queue, 9);
  ASSERT_EQ(firsts.size(), 1u);
  EXPECT_EQ(firsts[0].ranks, 2u);
}

TEST(JobQueue, RemovingWorksInEitherStateAndTwice) {
  JobQueue queue;
  queue.Add(Waits("ready", 1), absl::InfinitePast());
  queue.Advance(kStart);
  queue.Add(Waits("held", 1), kStart + absl::Seconds(1));
  for (int i = 0; i < 2; ++i) {
    queue.Remove("ready");
    queue.Remove("held");
  }
  queue.Advance(kStart + absl::Seconds(5));
  EXPECT_EQ(queue.size(), 0u);
  EXPECT_FALSE(queue.Contains("held"));
  EXPECT_THAT(Ids(FirstsUpTo(queue, 9)), IsEmpty());
}

TEST(JobQueue, APointOfPriorityIsWorthAMinute) {
  EXPECT_TRUE(PlaceOf("b", kStart + absl::Seconds(59), 1) < PlaceOf("a", kStart, 0));
  EXPECT_TRUE(PlaceOf("a", kStart, 0) < PlaceOf("b", kStart + absl::Seconds(61), 1));
  EXPECT_TRUE(PlaceOf("a", kStart, 0) < PlaceOf("b", kStart, 0));
}

TEST(LeaseTable, GivesWhatIsDueEarliestFirst) {
  LeaseTable leases;
  leases.Set("late", kStart + absl::Seconds(3));
  leases.Set("early", kStart + absl::Seconds(1));
  leases.Set("moved", kStart + absl::Seconds(2));
  leases.Set("moved", kStart + absl::Seconds(9));
  leases.Set("removed", kStart);
  leases.Remove("removed");
  leases.Remove("unknown");
  EXPECT_THAT(leases.TakeExpired(kStart + absl::Seconds(3)), ElementsAre("early", "late"));
  EXPECT_TRUE(leases.Contains("moved"));
  EXPECT_FALSE(leases.Contains("late"));
  EXPECT_THAT(leases.TakeExpired(kStart + absl::Seconds(3)), IsEmpty());
}

}  // namespace
}  // namespace basisbench
