// SPDX-License-Identifier: Apache-2.0
// Divides the node's CPUs and memory into slots and hands slots to attempts. Not thread-safe; owned
// by the attempt table.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace basisbench {

// "0-3,8" to {0,1,2,3,8}. INVALID_ARGUMENT naming the part that is wrong.
absl::StatusOr<std::vector<uint32_t>> ParseCpuList(const std::string& text);

class CpuSlots {
 public:
  // With fewer CPUs than slots, neighbouring slots share a CPU.
  CpuSlots(std::vector<uint32_t> cpus, uint32_t slots);

  // Numbers of the slots taken, ascending. RESOURCE_EXHAUSTED naming how many are free; takes
  // nothing then.
  absl::StatusOr<std::vector<uint32_t>> Take(uint32_t count);
  void Give(const std::vector<uint32_t>& slots);

  std::vector<uint32_t> CpusOf(uint32_t slot) const;
  uint32_t total() const { return static_cast<uint32_t>(taken_.size()); }
  uint32_t free() const;

 private:
  const std::vector<uint32_t> cpus_;
  std::vector<bool> taken_;
};

}  // namespace basisbench
