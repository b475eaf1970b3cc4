// SPDX-License-Identifier: Apache-2.0
// Who could hold ranks now. Pure; one owner, the scheduler. A worker in a gang takes nothing else,
// since a neighbour would disturb what is being measured. Every operation is O(log n) per worker it
// touches.
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

class WorkerPool {
 public:
  // Adds a worker, or changes what is known of it. Not available: attached no more, or draining.
  void Set(const std::string& worker, uint32_t slots, bool available);
  // Forgets it. A busy worker that comes back under its name is free again.
  void Remove(const std::string& worker);
  // Busy workers may be unknown here: those of a gang that is awaited after a restart.
  void Hold(const std::string& worker);
  void Release(const std::string& worker);

  // Idle workers for `ranks` ranks: the smallest one that fits, otherwise as few as possible.
  // Nullopt when there are not enough idle slots. Holds nothing.
  std::optional<std::vector<GangSlot>> Choose(uint32_t ranks) const;

  // Slots of available workers, busy ones included: what the largest gang could have.
  uint64_t slots() const { return slots_; }
  uint64_t idle_slots() const { return idle_slots_; }
  // 0 when unknown.
  uint32_t SlotsOf(const std::string& worker) const;
  bool IsHeld(const std::string& worker) const { return held_.count(worker) > 0; }

 private:
  struct Worker {
    uint32_t slots = 0;
    bool available = false;
  };

  void Enter(const std::string& worker);
  void Leave(const std::string& worker);

  std::map<std::string, Worker> workers_;
  std::set<std::string> held_;
  std::set<std::pair<uint32_t, std::string>> idle_;  // available and not held
  uint64_t slots_ = 0;
  uint64_t idle_slots_ = 0;
};

}  // namespace basisbench
