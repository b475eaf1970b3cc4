// SPDX-License-Identifier: Apache-2.0
// Everything that can happen to jobs, workers and the coordinator, in random order. Afterwards each
// job must have ended with exactly one record for each case, and nothing acknowledged may be lost.
#include <map>
#include <random>
#include <set>

#include "gtest/gtest.h"
#include "tests/unit/services/coordinator/director_daemon.h"

namespace basisbench {
namespace {

class Chaos {
 public:
  explicit Chaos(uint32_t seed) : random_(seed) {
    for (int i = 0; i < kWorkers; ++i)
      daemons_.emplace_back(world_, absl::StrCat("w", i), 1 + static_cast<uint32_t>(i) % 2);
  }

  void RandomStep() {
    DirectorDaemon& daemon = daemons_[Below(kWorkers)];
    switch (Below(24)) {
      case 0:
        if (jobs_.size() < 12) Submit();
        break;
      case 1:
        if (!jobs_.empty() && Below(3) == 0) Cancel();
        break;
      case 2:
        Crash();
        break;
      case 3:
        daemon.Disconnect();
        break;
      case 4:
        if (Below(3) == 0) daemon.Die();
        break;
      case 5:
        Silence(daemon);
        break;
      case 6:
        Pass(absl::Milliseconds(500 * Below(5)), "");
        break;
      case 7:
      case 8:
        if (!daemon.attached()) daemon.Attach();
        break;
      case 9:
        Break(daemon);
        break;
      case 10:
      case 11:
      case 12:
      case 13:
        Work(daemon);
        break;
      default:
        daemon.Read();
        break;
    }
    world_.Settle(static_cast<int>(Below(4)));
  }

  void RunToTheEnd() {
    for (int round = 0; round < 3000 && !AllEnded(); ++round) {
      for (DirectorDaemon& daemon : daemons_) {
        if (!daemon.attached()) daemon.Attach();
        while (daemon.Read()) {
        }
        Work(daemon);
      }
      world_.Settle(2);
      Pass(absl::Milliseconds(500), "");
    }
  }

  void CheckTheEnd() {
    for (const NewJob& made : jobs_) {
      const std::string& id = made.job.id();
      const v1::Job job = world_.Job(id);
      SCOPED_TRACE(job.ShortDebugString());
      EXPECT_TRUE(IsEnded(job.state()));
      const std::vector<v1::CaseResult> results = world_.Results(id);
      std::set<uint32_t> indices;
      uint32_t ok = 0;
      for (const v1::CaseResult& result : results) {
        indices.insert(result.case_().index());
        ok += result.outcome() == v1::OUTCOME_OK ? 1 : 0;
        EXPECT_NE(result.outcome(), v1::OUTCOME_UNSPECIFIED);
      }
      EXPECT_EQ(results.size(), made.cases.size());
      EXPECT_EQ(indices.size(), made.cases.size());
      EXPECT_EQ(job.cases_done(), made.cases.size());
      EXPECT_EQ(job.cases_ok(), ok);
      ok_ += ok;
    }
    for (const DirectorDaemon& daemon : daemons_) {
      EXPECT_TRUE(daemon.idle()) << daemon.Describe();
      for (const auto& [job, index] : daemon.durable()) {
        bool found = false;
        for (const v1::CaseResult& result : world_.Results(job))
          found = found || result.case_().index() == index;
        EXPECT_TRUE(found) << "acknowledged and lost: " << job << " case " << index;
      }
    }
  }

  size_t ok() const { return ok_; }

 private:
  static constexpr int kWorkers = 4;  // with 6 slots together

  uint32_t Below(uint32_t n) { return static_cast<uint32_t>(random_() % n); }

  bool AllEnded() {
    for (const NewJob& made : jobs_) {
      if (!IsEnded(world_.Job(made.job.id()).state())) return false;
    }
    for (const DirectorDaemon& daemon : daemons_) {
      if (!daemon.idle()) return false;
    }
    return true;
  }

  void Submit() {
    std::vector<uint32_t> ranks;
    for (uint32_t world = 1; world <= 4; ++world) ranks.insert(ranks.end(), Below(3), world);
    if (ranks.empty()) ranks = {1};
    jobs_.push_back(NewJobOf(absl::StrCat("j", 100 + jobs_.size()), ranks));
    world_.Queue(jobs_.back());
    // A submission that was not acknowledged may be lost in a crash.
    world_.Settle(1);
  }

  void Cancel() {
    world_.director().Cancel(jobs_[Below(static_cast<uint32_t>(jobs_.size()))].job.id(),
                             [](absl::StatusOr<v1::Job>) {});
  }

  void Crash() {
    world_.Crash();
    for (DirectorDaemon& daemon : daemons_) daemon.Disconnect(/*coordinator_lives=*/false);
  }

  // Time passes; everybody but one keeps its lease, which costs that one what it runs.
  void Pass(absl::Duration time, const std::string& silent) {
    for (; time > absl::ZeroDuration(); time -= absl::Milliseconds(500)) {
      world_.clock().Advance(absl::Milliseconds(500));
      for (DirectorDaemon& daemon : daemons_) {
        if (daemon.name() != silent) daemon.KeepAlive();
      }
      world_.director().Tick();
    }
  }
  void Silence(DirectorDaemon& daemon) {
    const bool long_enough = Below(2) == 0;
    Pass(DirectorWorld::kLease + absl::Seconds(long_enough ? 1 : -3), daemon.name());
    if (long_enough) daemon.LoseLease();
  }

  bool GangIsWhole(const DirectorDaemon::Held& held, const std::string& attempt) const {
    for (const std::string& member : held.members) {
      for (const DirectorDaemon& daemon : daemons_) {
        if (daemon.name() == member && !daemon.Holds(attempt)) return false;
      }
    }
    return true;
  }

  // Ranks whose peers are gone end too.
  void Work(DirectorDaemon& daemon) {
    std::string attempt;
    for (const auto& [id, held] : daemon.held()) {
      if (held.leads && held.started) attempt = id;
    }
    if (attempt.empty()) return;
    if (GangIsWhole(daemon.held().at(attempt), attempt)) {
      daemon.Measure(attempt);
    } else {
      daemon.Finish(attempt, v1::ATTEMPT_END_PEER_LOST);
    }
  }

  void Break(DirectorDaemon& daemon) {
    constexpr v1::AttemptEnd kEnds[] = {v1::ATTEMPT_END_CRASHED, v1::ATTEMPT_END_TIMED_OUT,
                                        v1::ATTEMPT_END_RESOURCE_EXHAUSTED,
                                        v1::ATTEMPT_END_LAUNCH_FAILED};
    std::string attempt;
    for (const auto& [id, held] : daemon.held()) {
      if (held.leads && held.started) attempt = id;
    }
    if (!attempt.empty()) daemon.Finish(attempt, kEnds[Below(4)]);
  }

  std::mt19937 random_;
  DirectorWorld world_;
  std::vector<DirectorDaemon> daemons_;
  std::vector<NewJob> jobs_;
  size_t ok_ = 0;
};

TEST(AttemptDirector, EndsEveryJobWithOneRecordPerCaseWhateverHappens) {
  size_t ok = 0;
  for (uint32_t seed = 1; seed <= 25; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Chaos chaos(seed);
    for (int step = 0; step < 500; ++step) chaos.RandomStep();
    chaos.RunToTheEnd();
    chaos.CheckTheEnd();
    ok += chaos.ok();
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(ok, 200u) << "hardly anything was measured";
}

}  // namespace
}  // namespace basisbench
