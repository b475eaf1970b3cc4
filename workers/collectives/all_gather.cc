// SPDX-License-Identifier: Apache-2.0
// Ring all-gather. In step s of P-1, rank r passes piece r-s to r+1 and receives piece r-s-1 from
// r-1, so each rank sends every piece but that of rank r+1, once.
// Bytes sent: sum of pieces - piece[r+1] (s(P-1)/P when even); messages: P-1. Bytes are optimal.
// Reference: R. Thakur, R. Rabenseifner, W. Gropp, "Optimization of Collective Communication
// Operations in MPICH", IJHPCA 19(1), 2005, section 4.1.
#include "services/base/status_macros.h"
#include "workers/collectives/algorithms.h"

namespace basisbench {

absl::Status RingAllGather(Channel& channel, Dtype dtype, void* data,
                           absl::Span<const Piece> pieces) {
  const int ranks = channel.size(), rank = channel.rank();
  const int64_t width = DtypeSize(dtype);
  std::byte* base = static_cast<std::byte*>(data);
  for (int step = 0; step < ranks - 1; ++step) {
    const Piece& out = pieces[(rank - step + ranks) % ranks];
    const Piece& in = pieces[(rank - step - 1 + ranks) % ranks];
    BB_RETURN_IF_ERROR(channel.Exchange((rank + 1) % ranks, base + out.offset * width,
                                        out.count * width, (rank - 1 + ranks) % ranks,
                                        base + in.offset * width, in.count * width));
  }
  return absl::OkStatus();
}

}  // namespace basisbench
