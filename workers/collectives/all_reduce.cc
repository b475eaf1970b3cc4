// SPDX-License-Identifier: Apache-2.0
// All-reduce: ring reduce-scatter, then ring all-gather, over the same pieces. All ranks end with
// the same bits, since each sum is formed once and copied.
// Bytes sent: 2s(P-1)/P, optimal; messages: 2(P-1) while pieces fit one chunk.
// Reference: as reduce_scatter.cc.
#include "services/base/status_macros.h"
#include "workers/collectives/algorithms.h"

namespace basisbench {

absl::Status RingAllReduce(Channel& channel, Dtype dtype, void* data,
                           absl::Span<const Piece> pieces) {
  BB_RETURN_IF_ERROR(RingReduceScatter(channel, dtype, data, pieces));
  return RingAllGather(channel, dtype, data, pieces);
}

}  // namespace basisbench
