// SPDX-License-Identifier: Apache-2.0
// The plans of `fnet`. The real part of a two-dimensional spectrum is even, Y[-k, -l] = Y[k, l], so
// half of it says all; and only the even part of X under both reversals reaches it. Both plans do
// half of the transforms along the tokens, the local one also half of those along the channels.
#pragma once

#include "workers/operators/partition.h"
#include "workers/operators/sharding.h"

namespace basisbench {

// X and Y by rows: two all-to-alls, there and back.
Sharding FnetToken();

// X by rows, Y by columns in mirrored pairs: one all-to-all.
Sharding FnetTransposed();

// One rank: nothing moves.
absl::StatusOr<std::unique_ptr<Plan>> MakeLocalFnetPlan(const Problem& problem, Device& device);
RankCost LocalFnetCost(const Problem& problem);

// Columns of half a spectrum, 0 to d/2, and which of them have a mirror image d - l beyond.
inline int64_t HalfOf(int64_t n) { return n / 2 + 1; }
inline Piece Mirrored(const Piece& columns, int64_t d) {
  const int64_t first = columns.offset > 1 ? columns.offset : 1;
  const int64_t beyond = d - HalfOf(d) + 1, end = columns.offset + columns.count;
  const int64_t last = end < beyond ? end : beyond;
  return {first, last > first ? last - first : 0};
}

}  // namespace basisbench
