// SPDX-License-Identifier: Apache-2.0
// What every communicator asks of its arguments before anything is sent. INVALID_ARGUMENT naming
// the argument and its value. Stateless.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "workers/collectives/communicator.h"

namespace basisbench {

absl::Status CheckElementCount(int64_t count);
absl::Status CheckRank(absl::string_view what, int rank, int size);
// One piece a rank, none negative.
absl::Status CheckPieces(absl::Span<const Piece> pieces, int size);
// A rank sends itself what it receives from itself.
absl::Status CheckAllToAll(absl::Span<const Piece> send_pieces, absl::Span<const Piece> recv_pieces,
                           int rank, int size);

// Of StartSendRecv; a half that is left out has 0 bytes.
struct SendRecvSizes {
  int rank, size;
  int to;
  int64_t send_bytes;
  int from;
  int64_t recv_bytes;
};
absl::Status CheckSendRecv(const SendRecvSizes& sizes);

}  // namespace basisbench
