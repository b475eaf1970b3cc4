// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/job_queue.h"

#include <algorithm>

namespace basisbench {
namespace {

constexpr absl::Duration kPriorityPoint = absl::Minutes(1);

}  // namespace

QueuePlace PlaceOf(const std::string& id, absl::Time submitted, int32_t priority) {
  return {submitted - priority * kPriorityPoint, id};
}

void JobQueue::Add(const Waiting& job, absl::Time not_before) {
  Remove(job.place.id);
  held_back_.emplace(not_before, job.place.id);
  entries_[job.place.id] = {job, not_before};
}

void JobQueue::Remove(const std::string& id) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  const Entry& entry = found->second;
  if (entry.not_before.has_value()) {
    held_back_.erase({*entry.not_before, id});
  } else {
    const auto alike = ready_.find({entry.job.backend, entry.job.ranks});
    alike->second.erase(entry.job.place);
    if (alike->second.empty()) ready_.erase(alike);
  }
  entries_.erase(found);
}

void JobQueue::Advance(absl::Time now) {
  while (!held_back_.empty() && held_back_.begin()->first <= now) {
    Entry& entry = entries_.at(held_back_.begin()->second);
    held_back_.erase(held_back_.begin());
    entry.not_before.reset();
    ready_[{entry.job.backend, entry.job.ranks}].insert(entry.job.place);
  }
}

const JobQueue::Waiting* JobQueue::Find(const std::string& id) const {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : &found->second.job;
}

std::vector<JobQueue::Waiting> JobQueue::Firsts(
    absl::FunctionRef<uint64_t(const std::string&)> most) const {
  std::vector<Waiting> firsts;
  for (const auto& [kind, places] : ready_) {
    const auto& [backend, ranks] = kind;
    if (ranks <= most(backend)) firsts.push_back({*places.begin(), backend, ranks});
  }
  std::sort(firsts.begin(), firsts.end(),
            [](const Waiting& a, const Waiting& b) { return a.place < b.place; });
  return firsts;
}

std::optional<absl::Time> JobQueue::NextAdvance() const {
  if (held_back_.empty()) return std::nullopt;
  return held_back_.begin()->first;
}

}  // namespace basisbench
