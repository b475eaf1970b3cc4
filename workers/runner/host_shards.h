// SPDX-License-Identifier: Apache-2.0
// Shards of a plan as the host sees them: filled and poisoned in place where the host can reach the
// device's memory, otherwise in a copy that goes there, one shard at a time. Errors are the
// device's.
#pragma once

#include "absl/status/status.h"
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

 private:
  Device& device_;
  const bool reachable_;
};

}  // namespace basisbench
