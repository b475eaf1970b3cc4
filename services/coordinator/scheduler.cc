// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/scheduler.h"

#include <algorithm>
#include <utility>

namespace basisbench {
namespace {

// A lost gang is often lost for the same reason a moment later.
absl::Duration Backoff(uint32_t losses) {
  const uint32_t doublings = std::min(losses, 7u) - 1;
  return std::min(absl::Milliseconds(250) * (1 << doublings), absl::Seconds(15));
}

}  // namespace

void Scheduler::WorkerAttached(const std::string& worker, uint32_t slots, absl::Time now) {
  pool_.Set(worker, slots, /*available=*/true);
  leases_.Set(worker, now + lease_);
}

void Scheduler::WorkerDetached(const std::string& worker) {
  pool_.Set(worker, pool_.SlotsOf(worker), /*available=*/false);
}

void Scheduler::WorkerDraining(const std::string& worker) { WorkerDetached(worker); }

void Scheduler::WorkerHeard(const std::string& worker, absl::Time now) {
  if (leases_.Contains(worker)) leases_.Set(worker, now + lease_);
}

void Scheduler::WorkerGone(const std::string& worker) {
  leases_.Remove(worker);
  pool_.Remove(worker);
  ForgetBackfilled(worker);
}

std::vector<std::string> Scheduler::TakeExpired(absl::Time now) {
  std::vector<std::string> expired = leases_.TakeExpired(now);
  for (const std::string& worker : expired) WorkerGone(worker);
  return expired;
}

void Scheduler::Enqueue(JobEntry& entry, absl::Time not_before) {
  const ActiveJob& job = entry.job;
  const QueuePlace place = PlaceOf(job.id, absl::FromUnixNanos(job.submit_ns), job.priority);
  queue_.Add({place, job.remaining.begin()->first}, not_before);
}

void Scheduler::AddJob(const ActiveJob& job) {
  JobEntry& entry = jobs_[job.id];
  entry.job = job;
  entry.running = false;
  if (!job.remaining.empty()) Enqueue(entry, absl::InfinitePast());
}

void Scheduler::Adopt(const std::string& job, const std::vector<std::string>& workers) {
  const auto found = jobs_.find(job);
  if (found == jobs_.end()) return;
  queue_.Remove(job);
  found->second.running = true;
  for (const std::string& worker : workers) pool_.Hold(worker);
}

void Scheduler::RemoveJob(const std::string& job) {
  queue_.Remove(job);
  jobs_.erase(job);
}

bool Scheduler::IsRunning(const std::string& job) const {
  const auto found = jobs_.find(job);
  return found != jobs_.end() && found->second.running;
}

bool Scheduler::CaseRecorded(const std::string& job, uint32_t ranks) {
  const auto found = jobs_.find(job);
  if (found == jobs_.end()) return false;
  RankGroups& remaining = found->second.job.remaining;
  const auto group = remaining.find(ranks);
  if (group == remaining.end()) return false;
  if (--group->second > 0) return false;
  remaining.erase(group);
  if (found->second.running) return false;
  // A late record of an attempt that was given up: the job waits for a world size that needs
  // nothing any more.
  queue_.Remove(job);
  if (remaining.empty()) return true;
  Enqueue(found->second, absl::InfinitePast());
  return false;
}

AfterAttempt Scheduler::AttemptOver(const std::string& job, bool lost, absl::Time now) {
  const auto found = jobs_.find(job);
  if (found == jobs_.end() || !found->second.running) return AfterAttempt::kUnknown;
  JobEntry& entry = found->second;
  entry.running = false;
  if (entry.job.remaining.empty()) return AfterAttempt::kFinished;
  if (lost && ++entry.job.losses >= entry.job.max_attempts) return AfterAttempt::kGivenUp;
  Enqueue(entry, lost ? now + Backoff(entry.job.losses) : absl::InfinitePast());
  return AfterAttempt::kRequeued;
}

StartDecision Scheduler::Start(const JobQueue::Waiting& waiting, std::vector<GangSlot> gang) {
  JobEntry& entry = jobs_.at(waiting.place.id);
  queue_.Remove(waiting.place.id);
  entry.running = true;
  for (const GangSlot& slot : gang) pool_.Hold(slot.worker);
  return {waiting.place.id, ++entry.job.attempts, waiting.ranks, std::move(gang)};
}

std::optional<StartDecision> Scheduler::NextStart(absl::Time now) {
  queue_.Advance(now);
  const std::vector<JobQueue::Waiting> firsts = queue_.Firsts(pool_.slots());
  if (firsts.empty()) return std::nullopt;
  const JobQueue::Waiting& head = firsts.front();
  if (std::optional<std::vector<GangSlot>> gang = pool_.Choose(head.ranks)) {
    return Start(head, *std::move(gang));
  }
  if (reserved_for_ != head.place.id) {
    reserved_for_ = head.place.id;
    backfilled_.clear();
    backfilled_slots_ = 0;
  }
  return Backfill(firsts);
}

void Scheduler::ForgetBackfilled(const std::string& worker) {
  const auto found = backfilled_.find(worker);
  if (found == backfilled_.end()) return;
  backfilled_slots_ -= found->second;
  backfilled_.erase(found);
}

std::optional<StartDecision> Scheduler::Backfill(const std::vector<JobQueue::Waiting>& firsts) {
  const uint64_t taken = backfilled_slots_ + firsts.front().ranks;
  if (taken >= pool_.slots()) return std::nullopt;
  const uint64_t spare = pool_.slots() - taken;
  for (size_t i = 1; i < firsts.size(); ++i) {
    std::optional<std::vector<GangSlot>> gang = pool_.Choose(firsts[i].ranks);
    if (!gang.has_value()) continue;
    uint64_t needed = 0;
    for (const GangSlot& slot : *gang) needed += pool_.SlotsOf(slot.worker);
    if (needed > spare) continue;
    for (const GangSlot& slot : *gang) {
      const uint32_t slots = pool_.SlotsOf(slot.worker);
      if (backfilled_.emplace(slot.worker, slots).second) backfilled_slots_ += slots;
    }
    return Start(firsts[i], *std::move(gang));
  }
  return std::nullopt;
}

}  // namespace basisbench
