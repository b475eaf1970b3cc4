// SPDX-License-Identifier: Apache-2.0
// Shards of a plan as the host sees them: filled, poisoned and read in place where the host can
// reach the device's memory, otherwise in a copy that goes there or comes from there, one shard at
// a time. Errors are the device's.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "workers/devices/device.h"
#include "workers/operators/operands.h"
#include "workers/operators/operator.h"

namespace basisbench {

class HostShards {
 public:
  // `reachable`: the host reads and writes the device's memory. The device outlives it.
  HostShards(Device& device, bool reachable) : device_(device), reachable_(reachable) {}

  absl::Status Fill(absl::Span<const Shard> shards, const Operands& operands) const;
  absl::Status Poison(absl::Span<const Shard> shards) const;

  // Shards in host memory with the device's values, which live as long as this does.
  struct Copies {
    std::vector<Shard> shards;
    std::vector<std::unique_ptr<std::byte[]>> memory;
  };
  // What the device has been told to do is done first.
  absl::StatusOr<Copies> Read(absl::Span<const Shard> shards) const;

 private:
  Device& device_;
  const bool reachable_;
};

}  // namespace basisbench
