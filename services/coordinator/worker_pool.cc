// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/worker_pool.h"

#include <algorithm>
#include <iterator>

namespace basisbench {

// Enter and Leave keep the sums and the idle sets in step with one worker's row; every change is
// Leave, edit, Enter.
void WorkerPool::Enter(const std::string& worker) {
  const auto found = workers_.find(worker);
  if (found == workers_.end() || !found->second.available) return;
  const WorkerOffer& offer = found->second.offer;
  for (const std::string& backend : offer.backends) {
    Totals& totals = totals_[backend];
    totals.slots += offer.slots;
    if (held_.count(worker) > 0) continue;
    totals.idle_slots += offer.slots;
    totals.idle.emplace(offer.slots, worker);
  }
}

void WorkerPool::Leave(const std::string& worker) {
  const auto found = workers_.find(worker);
  if (found == workers_.end() || !found->second.available) return;
  const WorkerOffer& offer = found->second.offer;
  for (const std::string& backend : offer.backends) {
    const auto totals = totals_.find(backend);
    totals->second.slots -= offer.slots;
    if (totals->second.idle.erase({offer.slots, worker}) > 0)
      totals->second.idle_slots -= offer.slots;
    if (totals->second.slots == 0) totals_.erase(totals);
  }
}

void WorkerPool::Set(const std::string& worker, const WorkerOffer& offer, bool available) {
  Leave(worker);
  workers_[worker] = {offer, available};
  Enter(worker);
}

void WorkerPool::SetAvailable(const std::string& worker, bool available) {
  const auto found = workers_.find(worker);
  if (found == workers_.end()) return;
  Leave(worker);
  found->second.available = available;
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

const WorkerPool::Totals& WorkerPool::TotalsOf(const std::string& backend) const {
  static const Totals& none = *new Totals();
  const auto found = totals_.find(backend);
  return found == totals_.end() ? none : found->second;
}

std::vector<std::string> WorkerPool::backends() const {
  std::vector<std::string> backends;
  for (const auto& [backend, totals] : totals_) backends.push_back(backend);
  return backends;
}

uint32_t WorkerPool::SlotsOf(const std::string& worker, const std::string& backend) const {
  const auto found = workers_.find(worker);
  if (found == workers_.end()) return 0;
  const WorkerOffer& offer = found->second.offer;
  const bool offered =
      std::find(offer.backends.begin(), offer.backends.end(), backend) != offer.backends.end();
  return offered ? offer.slots : 0;
}

std::optional<std::vector<GangSlot>> WorkerPool::Choose(const std::string& backend,
                                                        uint32_t ranks) const {
  const Totals& totals = TotalsOf(backend);
  if (ranks == 0 || ranks > totals.idle_slots) return std::nullopt;
  std::vector<GangSlot> gang;
  uint32_t missing = ranks;
  // The largest ones are taken until a single worker can hold the rest; that one is the smallest
  // that can, so that large workers stay free for large jobs.
  const auto& idle = totals.idle;
  auto largest_unused = idle.rbegin();
  while (true) {
    const auto fitting = idle.lower_bound({missing, std::string()});
    const bool is_unused =
        fitting != idle.end() && (largest_unused == idle.rbegin() || *fitting <= *largest_unused);
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
