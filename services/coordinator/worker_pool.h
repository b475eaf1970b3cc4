// SPDX-License-Identifier: Apache-2.0
// Who could hold ranks now. Pure; one owner, the scheduler. A worker in a gang takes nothing else,
// since a neighbour would disturb what is being measured. Every operation is O(log n) per worker it
// touches and backend that worker offers.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace basisbench {

// Ranks a worker holds for an attempt.
struct GangSlot {
  std::string worker;
  uint32_t ranks = 0;
};

// What a worker holds and for which backends.
struct WorkerOffer {
  uint32_t slots = 0;
  std::vector<std::string> backends;
};

class WorkerPool {
 public:
  // Adds a worker, or changes what is known of it. Not available: attached no more, or draining.
  void Set(const std::string& worker, const WorkerOffer& offer, bool available);
  // Changes that alone. Without effect when the worker is unknown.
  void SetAvailable(const std::string& worker, bool available);
  // Forgets it. A busy worker that comes back under its name is free again.
  void Remove(const std::string& worker);
  // Busy workers may be unknown here: those of a gang that is awaited after a restart.
  void Hold(const std::string& worker);
  void Release(const std::string& worker);

  // Idle workers of that backend for `ranks` ranks: the smallest one that fits, otherwise as few as
  // possible. Nullopt when there are not enough idle slots. Holds nothing.
  std::optional<std::vector<GangSlot>> Choose(const std::string& backend, uint32_t ranks) const;

  // Slots of available workers of that backend, busy ones included: what the largest gang could
  // have.
  uint64_t slots(const std::string& backend) const { return TotalsOf(backend).slots; }
  uint64_t idle_slots(const std::string& backend) const { return TotalsOf(backend).idle_slots; }
  // Backends of available workers, sorted.
  std::vector<std::string> backends() const;
  // 0 when it is unknown or does not offer the backend.
  uint32_t SlotsOf(const std::string& worker, const std::string& backend) const;
  bool IsHeld(const std::string& worker) const { return held_.count(worker) > 0; }

 private:
  struct Worker {
    WorkerOffer offer;
    bool available = false;
  };
  // Of the available workers of one backend.
  struct Totals {
    std::set<std::pair<uint32_t, std::string>> idle;  // not held
    uint64_t slots = 0;
    uint64_t idle_slots = 0;
  };

  void Enter(const std::string& worker);
  void Leave(const std::string& worker);
  const Totals& TotalsOf(const std::string& backend) const;

  std::map<std::string, Worker> workers_;
  std::set<std::string> held_;
  std::map<std::string, Totals> totals_;  // by backend
};

}  // namespace basisbench
