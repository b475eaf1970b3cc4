// SPDX-License-Identifier: Apache-2.0
// Rooms for ranks on this node, and who has them. Not thread-safe; owned by the attempt table.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace basisbench {

// "0-3,8" to {0,1,2,3,8}. INVALID_ARGUMENT naming the part that is wrong.
absl::StatusOr<std::vector<uint32_t>> ParseCpuList(const std::string& text);

// Room for one rank.
struct Slot {
  std::vector<uint32_t> cpus;
  std::string gpu;           // UUID of what it computes on; empty on the CPU
  int64_t memory_bytes = 0;  // of the memory it computes in; 0: unlimited
};

// The CPUs in `parts` runs of equal length, give or take one. With fewer CPUs than parts,
// neighbouring parts share one.
std::vector<std::vector<uint32_t>> DivideCpus(const std::vector<uint32_t>& cpus, uint32_t parts);

// Slots that compute on these CPUs and in this memory together.
std::vector<Slot> CpuSlots(const std::vector<uint32_t>& cpus, uint32_t slots, int64_t memory_bytes);

class SlotTable {
 public:
  explicit SlotTable(std::vector<Slot> slots);

  // Numbers of the slots taken, ascending. RESOURCE_EXHAUSTED naming how many are free; takes
  // nothing then.
  absl::StatusOr<std::vector<uint32_t>> Take(uint32_t count);
  void Give(const std::vector<uint32_t>& slots);

  const Slot& at(uint32_t slot) const { return slots_.at(slot); }
  uint32_t total() const { return static_cast<uint32_t>(slots_.size()); }
  uint32_t free() const;

 private:
  std::vector<Slot> slots_;
  std::vector<bool> taken_;
};

}  // namespace basisbench
