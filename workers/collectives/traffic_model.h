// SPDX-License-Identifier: Apache-2.0
// What each collective of p2p_communicator sends, declared: pure functions of the call's arguments
// and the rank. Operators add them up to declare their cost; tests hold counted == declared. Each
// result is of one call; seconds are 0.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "workers/collectives/communicator.h"
#include "workers/devices/dtype.h"

namespace basisbench {

// Reductions move a piece in messages of at most this size, to add one while the next is on its
// way: large enough for the wire to reach full speed, small enough for a level-2 cache.
inline constexpr int64_t kReduceChunkBytes = int64_t{256} << 10;

// `count` elements over `parts` adjacent pieces whose sizes differ by at most one, larger first.
std::vector<Piece> EvenPieces(int64_t count, int parts);

TrafficTable AllGatherTraffic(Dtype dtype, absl::Span<const Piece> pieces, int rank);
TrafficTable ReduceScatterTraffic(Dtype dtype, absl::Span<const Piece> pieces, int rank);
TrafficTable AllReduceTraffic(Dtype dtype, int64_t count, int rank, int ranks);
TrafficTable AllToAllTraffic(Dtype dtype, absl::Span<const Piece> send_pieces, int rank);
// `to` negative or the rank itself: nothing is sent.
TrafficTable SendRecvTraffic(Dtype dtype, int64_t send_count, int rank, int to);
TrafficTable BroadcastTraffic(Dtype dtype, int64_t count, int rank, int ranks, int root);

void AddTraffic(const TrafficTable& more, TrafficTable& total);

}  // namespace basisbench
