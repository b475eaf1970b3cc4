// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/mixer/switch_pieces.h"

namespace basisbench {

SwitchPieces::SwitchPieces(absl::Span<const Piece> in, absl::Span<const Piece> out, int64_t depth,
                           int me, int64_t rows, int64_t kept_rows) {
  for (int peer = 0; peer < static_cast<int>(in.size()); ++peer) {
    const bool mine = peer == me;
    sent_width.push_back(in[me].count * depth * out[peer].count);
    received_width.push_back(in[peer].count * depth * out[me].count);
    send.push_back({sent, mine ? 0 : rows * sent_width.back()});
    receive.push_back({received, mine ? 0 : rows * received_width.back()});
    sent += send.back().count;
    received += mine ? kept_rows * received_width.back() : receive.back().count;
  }
}

}  // namespace basisbench
