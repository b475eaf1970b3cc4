// SPDX-License-Identifier: Apache-2.0
#include "workers/runner/host_shards.h"

#include <cstddef>
#include <functional>
#include <memory>

#include "services/base/status_macros.h"
#include "workers/operators/validation.h"

namespace basisbench {
namespace {

// From its first element to its last.
int64_t ExtentBytes(const Shard& shard) {
  const auto rows = static_cast<int64_t>(shard.rows.size());
  const auto cols = static_cast<int64_t>(shard.cols.size());
  if (rows == 0 || cols == 0) return 0;
  return ((rows - 1) * shard.leading + cols) * DtypeSize(shard.dtype);
}

// Whether something that is not the shard's lies between its rows.
bool HasGaps(const Shard& shard) {
  return shard.rows.size() > 1 && shard.leading != static_cast<int64_t>(shard.cols.size());
}

absl::Status Write(Device& device, const Shard& shard,
                   const std::function<void(const Shard&)>& write) {
  const int64_t bytes = ExtentBytes(shard);
  if (bytes == 0) return absl::OkStatus();
  const auto memory = std::make_unique<std::byte[]>(static_cast<size_t>(bytes));
  if (HasGaps(shard)) BB_RETURN_IF_ERROR(device.Download(shard.data, bytes, memory.get()));
  Shard copy = shard;
  copy.data = memory.get();
  write(copy);
  return device.Upload(memory.get(), bytes, shard.data);
}

}  // namespace

absl::Status HostShards::Fill(absl::Span<const Shard> shards, const Operands& operands) const {
  for (const Shard& shard : shards) {
    if (reachable_) {
      FillShard(shard, operands);
    } else {
      BB_RETURN_IF_ERROR(
          Write(device_, shard, [&](const Shard& copy) { FillShard(copy, operands); }));
    }
  }
  return absl::OkStatus();
}

absl::Status HostShards::Poison(absl::Span<const Shard> shards) const {
  for (const Shard& shard : shards) {
    if (reachable_) {
      PoisonOutput(shard);
    } else {
      BB_RETURN_IF_ERROR(Write(device_, shard, PoisonOutput));
    }
  }
  return absl::OkStatus();
}

}  // namespace basisbench
