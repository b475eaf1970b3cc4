// SPDX-License-Identifier: Apache-2.0
// The collectives over point-to-point messages, one file each. Arguments are valid; P is the
// channel's size. What each sends is declared in traffic_model.h.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "workers/collectives/channel.h"
#include "workers/collectives/communicator.h"
#include "workers/devices/dtype.h"

namespace basisbench {

absl::Status RingAllGather(Channel& channel, Dtype dtype, void* data,
                           absl::Span<const Piece> pieces);

absl::Status RingReduceScatter(Channel& channel, Dtype dtype, void* data,
                               absl::Span<const Piece> pieces);

// Pieces must cover the array; near-equal ones are best.
absl::Status RingAllReduce(Channel& channel, Dtype dtype, void* data,
                           absl::Span<const Piece> pieces);

absl::Status PairwiseAllToAll(Channel& channel, Dtype dtype, const void* send,
                              absl::Span<const Piece> send_pieces, void* recv,
                              absl::Span<const Piece> recv_pieces);

absl::Status BinomialBroadcast(Channel& channel, void* data, int64_t bytes, int root);

absl::Status DisseminationBarrier(Channel& channel);

}  // namespace basisbench
