// SPDX-License-Identifier: Apache-2.0
// Random workers, losses, records and submissions; after each decision the invariants that nobody
// may break are recounted from a model that shares no code with the scheduler.
#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "gtest/gtest.h"
#include "services/coordinator/scheduler.h"

namespace basisbench {
namespace {

// What a worker can be: on CPUs, with a GPU for each rank, or with GPUs that ranks share.
const std::vector<std::vector<std::string>>& Kinds() {
  static const auto& kinds =
      *new std::vector<std::vector<std::string>>{{kCpuMpi}, {kCudaNccl, kCudaMpi}, {kCudaMpi}};
  return kinds;
}

struct ModelJob {
  std::string backend;
  RankGroups remaining;
  uint32_t attempts = 0;
  uint32_t losses = 0;
  bool running = false;
  bool ended = false;
};

struct ModelWorker {
  uint32_t slots = 0;
  std::vector<std::string> backends;
  bool available = false;
  absl::Time heard;
};

class Cluster {
 public:
  explicit Cluster(uint32_t seed) : random_(seed) {}

  void RandomStep() {
    switch (Below(9)) {
      case 0:
        return Attach(AnyName(), 1 + Below(4), Below(3));
      case 1:
        return Detach(AnyName());
      case 2:
        return Submit();
      case 3:
        return AdvanceTime(absl::Milliseconds(Below(700)));
      case 4:
        return HearEveryone();
      case 5:
        return Record();
      case 6:
        return FinishOne();
      default:
        return StartOne();
    }
  }

  // With every worker there and nothing lost any more, each job must come to its end.
  void RunToTheEnd() {
    for (int i = 0; i < kWorkers; ++i)
      Attach("w" + std::to_string(i), 4, static_cast<uint32_t>(i) % 3);
    for (uint32_t kind = 0; kind < 2; ++kind)
      Attach("large enough for any job " + std::to_string(kind), 10, kind);
    for (int round = 0; round < 20'000 && !AllEnded(); ++round) {
      HearEveryone();
      AdvanceTime(absl::Milliseconds(100));
      StartOne();
      Record();
      if (Below(4) == 0) FinishOne();
    }
    EXPECT_TRUE(AllEnded()) << "a job was lost or starves";
    EXPECT_EQ(scheduler_.queued(), 0u);
    while (!gangs_.empty()) FinishOne();
    for (const std::string& backend : KnownBackends()) {
      uint64_t slots = 0;
      for (const auto& [name, worker] : workers_)
        slots += Offers(worker, backend) ? worker.slots : 0;
      EXPECT_EQ(scheduler_.pool().idle_slots(backend), slots)
          << "a slot of " << backend << " was lost";
    }
  }

  size_t starts() const { return starts_; }

 private:
  static constexpr int kWorkers = 6;

  uint32_t Below(uint32_t n) { return static_cast<uint32_t>(random_() % n); }
  std::string AnyName() { return "w" + std::to_string(Below(kWorkers)); }

  static bool Offers(const ModelWorker& worker, const std::string& backend) {
    return std::find(worker.backends.begin(), worker.backends.end(), backend) !=
           worker.backends.end();
  }

  bool AllEnded() const {
    for (const auto& [id, job] : jobs_) {
      if (!job.ended) return false;
    }
    return true;
  }

  bool IsHeld(const std::string& worker) const {
    for (const auto& [job, gang] : gangs_) {
      for (const GangSlot& slot : gang) {
        if (slot.worker == worker) return true;
      }
    }
    return false;
  }

  void Attach(const std::string& worker, uint32_t slots, uint32_t kind) {
    // A daemon keeps what it offers for as long as it is known.
    if (workers_.count(worker) == 0) workers_[worker] = {slots, Kinds()[kind], false, {}};
    ModelWorker& model = workers_[worker];
    model.available = true;
    model.heard = now_;
    scheduler_.WorkerAttached(worker, {model.slots, model.backends}, now_);
  }

  void Detach(const std::string& worker) {
    if (workers_.count(worker) == 0) return;
    workers_[worker].available = false;
    scheduler_.WorkerDetached(worker);
  }

  void HearEveryone() {
    for (auto& [name, worker] : workers_) {
      if (!worker.available) continue;
      worker.heard = now_;
      scheduler_.WorkerHeard(name, now_);
    }
  }

  void Submit() {
    ActiveJob job;
    job.id = "job" + std::to_string(1000 + jobs_.size());
    job.priority = static_cast<int32_t>(Below(5)) - 2;
    job.submit_ns = absl::ToUnixNanos(now_);
    job.max_attempts = 3;
    job.backend = KnownBackends()[Below(3)];
    for (uint32_t i = 0, sizes = 1 + Below(3); i < sizes; ++i)
      job.remaining[1 + Below(10)] = 1 + Below(3);
    jobs_[job.id].remaining = job.remaining;
    jobs_[job.id].backend = job.backend;
    scheduler_.AddJob(job);
  }

  void AdvanceTime(absl::Duration by) {
    now_ += by;
    std::set<std::string> expected;
    for (const auto& [name, worker] : workers_) {
      if (now_ - worker.heard >= kLease) expected.insert(name);
    }
    const std::vector<std::string> expired = scheduler_.TakeExpired(now_);
    EXPECT_EQ(std::set<std::string>(expired.begin(), expired.end()), expected);
    std::set<std::string> hit;
    for (const std::string& worker : expired) {
      workers_.erase(worker);
      for (const auto& [job, gang] : gangs_) {
        for (const GangSlot& slot : gang) {
          if (slot.worker == worker) hit.insert(job);
        }
      }
    }
    for (const std::string& job : hit) EndAttempt(job, /*lost=*/true);
  }

  void StartOne() {
    const std::optional<StartDecision> decision = scheduler_.NextStart(now_);
    if (!decision.has_value()) return;
    ++starts_;
    ModelJob& job = jobs_.at(decision->job);
    EXPECT_FALSE(job.running) << decision->job << " would run twice";
    EXPECT_FALSE(job.ended) << decision->job << " has ended";
    EXPECT_EQ(job.remaining.count(decision->ranks), 1u) << "nothing of this size is left to run";
    EXPECT_EQ(decision->attempt, ++job.attempts);
    uint32_t ranks = 0;
    for (const GangSlot& slot : decision->gang) {
      EXPECT_FALSE(IsHeld(slot.worker)) << slot.worker << " is given twice";
      ASSERT_EQ(workers_.count(slot.worker), 1u) << slot.worker << " is not there";
      EXPECT_TRUE(workers_[slot.worker].available) << slot.worker;
      EXPECT_TRUE(Offers(workers_[slot.worker], job.backend))
          << slot.worker << " does not offer " << job.backend;
      EXPECT_LE(slot.ranks, workers_[slot.worker].slots);
      EXPECT_GE(slot.ranks, 1u);
      ranks += slot.ranks;
    }
    EXPECT_EQ(ranks, decision->ranks) << "a gang is all or none";
    job.running = true;
    sizes_[decision->job] = decision->ranks;
    gangs_[decision->job] = decision->gang;
  }

  void Record() {
    for (auto& [id, gang] : gangs_) {
      ModelJob& job = jobs_.at(id);
      const auto group = job.remaining.find(sizes_[id]);
      if (group == job.remaining.end()) continue;
      if (--group->second == 0) job.remaining.erase(group);
      EXPECT_FALSE(scheduler_.CaseRecorded(id, sizes_[id])) << "it runs still";
    }
  }

  void FinishOne() {
    if (!gangs_.empty()) EndAttempt(gangs_.begin()->first, /*lost=*/Below(20) == 0);
  }

  void EndAttempt(std::string id, bool lost) {  // a copy: the map it comes from loses it
    for (const GangSlot& slot : gangs_.at(id)) scheduler_.Release(slot.worker);
    gangs_.erase(id);
    ModelJob& job = jobs_.at(id);
    job.running = false;
    const AfterAttempt after = scheduler_.AttemptOver(id, lost, now_);
    AfterAttempt expected = AfterAttempt::kRequeued;
    if (job.remaining.empty()) {
      expected = AfterAttempt::kFinished;
    } else if (lost && ++job.losses == 3) {
      expected = AfterAttempt::kGivenUp;
    }
    EXPECT_EQ(after, expected) << id;
    if (after == AfterAttempt::kRequeued) return;
    job.ended = true;
    scheduler_.RemoveJob(id);
  }

  static constexpr absl::Duration kLease = absl::Seconds(2);

  std::mt19937 random_;
  absl::Time now_ = absl::FromUnixSeconds(1'000'000);
  Scheduler scheduler_{kLease};
  std::map<std::string, ModelJob> jobs_;
  std::map<std::string, ModelWorker> workers_;
  std::map<std::string, std::vector<GangSlot>> gangs_;  // by job
  std::map<std::string, uint32_t> sizes_;               // of the attempt, by job
  size_t starts_ = 0;
};

TEST(Scheduler, KeepsItsInvariantsUnderRandomEvents) {
  size_t starts = 0;
  for (uint32_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Cluster cluster(seed);
    for (int step = 0; step < 3'000; ++step) cluster.RandomStep();
    cluster.RunToTheEnd();
    starts += cluster.starts();
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(starts, 5'000u) << "the events do not exercise anything";
}

}  // namespace
}  // namespace basisbench
