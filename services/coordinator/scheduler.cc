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

void Scheduler::WorkerAttached(const std::string& worker, const WorkerOffer& offer,
                               absl::Time now) {
  pool_.Set(worker, offer, /*available=*/true);
  leases_.Set(worker, now + lease_);
}

void Scheduler::WorkerDetached(const std::string& worker) { pool_.SetAvailable(worker, false); }

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
  LaneOf(job).queue.Add({place, job.backend, job.remaining.begin()->first}, not_before);
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
  Dequeue(found->second);
  found->second.running = true;
  for (const std::string& worker : workers) pool_.Hold(worker);
}

void Scheduler::RemoveJob(const std::string& job) {
  const auto found = jobs_.find(job);
  if (found == jobs_.end()) return;
  Dequeue(found->second);
  jobs_.erase(found);
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
  Dequeue(found->second);
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
  Dequeue(entry);
  entry.running = true;
  for (const GangSlot& slot : gang) pool_.Hold(slot.worker);
  return {waiting.place.id, ++entry.job.attempts, waiting.ranks, std::move(gang)};
}

const JobQueue::Waiting* Scheduler::Waits(const std::string& job) const {
  const auto found = jobs_.find(job);
  if (found == jobs_.end()) return nullptr;
  const auto lane = lanes_.find(DeviceOf(found->second.job.backend));
  return lane == lanes_.end() ? nullptr : lane->second.queue.Find(job);
}

size_t Scheduler::queued(const std::string& device) const {
  const auto lane = lanes_.find(device);
  return lane == lanes_.end() ? 0 : lane->second.queue.size();
}

size_t Scheduler::queued() const {
  size_t jobs = 0;
  for (const auto& [device, lane] : lanes_) jobs += lane.queue.size();
  return jobs;
}

std::optional<StartDecision> Scheduler::NextStart(absl::Time now) {
  for (auto& [device, lane] : lanes_) {
    if (std::optional<StartDecision> decision = NextOf(lane, now)) return decision;
  }
  return std::nullopt;
}

std::optional<StartDecision> Scheduler::NextOf(Lane& lane, absl::Time now) {
  lane.queue.Advance(now);
  const std::vector<JobQueue::Waiting> firsts =
      lane.queue.Firsts([this](const std::string& backend) { return pool_.slots(backend); });
  if (firsts.empty()) return std::nullopt;
  const JobQueue::Waiting& head = firsts.front();
  if (std::optional<std::vector<GangSlot>> gang = pool_.Choose(head.backend, head.ranks)) {
    return Start(head, *std::move(gang));
  }
  if (lane.reserved_for != head.place.id) {
    lane.reserved_for = head.place.id;
    lane.backfilled.clear();
    lane.backfilled_slots = 0;
  }
  return Backfill(lane, firsts);
}

void Scheduler::ForgetBackfilled(const std::string& worker) {
  for (auto& [device, lane] : lanes_) {
    const auto found = lane.backfilled.find(worker);
    if (found == lane.backfilled.end()) continue;
    lane.backfilled_slots -= found->second;
    lane.backfilled.erase(found);
  }
}

std::optional<StartDecision> Scheduler::Backfill(Lane& lane,
                                                 const std::vector<JobQueue::Waiting>& firsts) {
  const JobQueue::Waiting& head = firsts.front();
  const uint64_t all = pool_.slots(head.backend);
  const uint64_t taken = lane.backfilled_slots + head.ranks;
  const uint64_t spare = all > taken ? all - taken : 0;
  for (size_t i = 1; i < firsts.size(); ++i) {
    std::optional<std::vector<GangSlot>> gang = pool_.Choose(firsts[i].backend, firsts[i].ranks);
    if (!gang.has_value()) continue;
    // Workers that the head could not use are none of its business.
    uint64_t needed = 0;
    for (const GangSlot& slot : *gang) needed += pool_.SlotsOf(slot.worker, head.backend);
    if (needed > spare) continue;
    for (const GangSlot& slot : *gang) {
      const uint32_t slots = pool_.SlotsOf(slot.worker, head.backend);
      if (slots > 0 && lane.backfilled.emplace(slot.worker, slots).second)
        lane.backfilled_slots += slots;
    }
    return Start(firsts[i], *std::move(gang));
  }
  return std::nullopt;
}

}  // namespace basisbench
