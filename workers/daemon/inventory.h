// SPDX-License-Identifier: Apache-2.0
// What this node has for ranks, as far as affinity and control groups allow, but for GPUs. Read
// once at start.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "basisbench/v1/worker.pb.h"

namespace basisbench {

struct InventoryOptions {
  std::vector<uint32_t> cpus;  // empty: all this process may use
  int64_t memory_bytes = 0;    // 0: all this process may use
};

// INVALID_ARGUMENT naming a CPU that this process may not use; INTERNAL when hwloc fails.
absl::StatusOr<v1::Inventory> ReadInventory(const InventoryOptions& options);

// Slots a worker offers unless told: one per CPU, but no more than the control group's share of CPU
// time.
uint32_t DefaultSlots(const v1::Inventory& inventory);

}  // namespace basisbench
