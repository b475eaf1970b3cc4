// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/worker_pool.h"

#include <algorithm>
#include <iterator>

namespace basisbench {

// Enter and Leave keep the sums and the idle set in step with one worker's row; every change is
// Leave, edit, Enter.
void WorkerPool::Enter(const std::string& worker) {
  const auto found = workers_.find(worker);
  if (found == workers_.end() || !found->second.available) return;
  slots_ += found->second.slots;
  if (held_.count(worker) > 0) return;
  idle_slots_ += found->second.slots;
  idle_.emplace(found->second.slots, worker);
}

void WorkerPool::Leave(const std::string& worker) {
  const auto found = workers_.find(worker);
  if (found == workers_.end() || !found->second.available) return;
  slots_ -= found->second.slots;
  if (idle_.erase({found->second.slots, worker}) > 0) idle_slots_ -= found->second.slots;
}

void WorkerPool::Set(const std::string& worker, uint32_t slots, bool available) {
  Leave(worker);
  workers_[worker] = {slots, available};
  Enter(worker);
}

void WorkerPool::Remove(const std::string& worker) {
  Leave(worker);
  workers_.erase(worker);
  held_.erase(worker);
}

void WorkerPool::Hold(const std::string& worker) {
  Leave(worker);
  held_.insert(worker);
  Enter(worker);
}

void WorkerPool::Release(const std::string& worker) {
  Leave(worker);
  held_.erase(worker);
  Enter(worker);
}

uint32_t WorkerPool::SlotsOf(const std::string& worker) const {
  const auto found = workers_.find(worker);
  return found == workers_.end() ? 0 : found->second.slots;
}

std::optional<std::vector<GangSlot>> WorkerPool::Choose(uint32_t ranks) const {
  if (ranks == 0 || ranks > idle_slots_) return std::nullopt;
  std::vector<GangSlot> gang;
  uint32_t missing = ranks;
  // The largest ones are taken until a single worker can hold the rest; that one is the smallest
  // that can, so that large workers stay free for large jobs.
  auto largest_unused = idle_.rbegin();
  while (true) {
    const auto fitting = idle_.lower_bound({missing, std::string()});
    const bool is_unused =
        fitting != idle_.end() && (largest_unused == idle_.rbegin() || *fitting <= *largest_unused);
    if (is_unused) {
      gang.push_back({fitting->second, missing});
      return gang;
    }
    gang.push_back({largest_unused->second, std::min(missing, largest_unused->first)});
    missing -= gang.back().ranks;
    if (missing == 0) return gang;
    ++largest_unused;
  }
}

}  // namespace basisbench
