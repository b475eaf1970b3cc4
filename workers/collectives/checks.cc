// SPDX-License-Identifier: Apache-2.0
#include "workers/collectives/checks.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"

namespace basisbench {

absl::Status CheckElementCount(int64_t count) {
  if (count >= 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("count is ", count, "; it must not be negative"));
}

absl::Status CheckRank(absl::string_view what, int rank, int size) {
  if (rank >= 0 && rank < size) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(what, " is ", rank, "; the communicator has ranks 0 to ", size - 1));
}

absl::Status CheckPieces(absl::Span<const Piece> pieces, int size) {
  if (static_cast<int>(pieces.size()) != size) {
    return absl::InvalidArgumentError(absl::StrCat(pieces.size(), " pieces for ", size, " ranks"));
  }
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (pieces[i].offset >= 0 && pieces[i].count >= 0) continue;
    return absl::InvalidArgumentError(absl::StrCat("piece ", i, " has offset ", pieces[i].offset,
                                                   " and count ", pieces[i].count));
  }
  return absl::OkStatus();
}

absl::Status CheckAllToAll(absl::Span<const Piece> send_pieces, absl::Span<const Piece> recv_pieces,
                           int rank, int size) {
  BB_RETURN_IF_ERROR(CheckPieces(send_pieces, size));
  BB_RETURN_IF_ERROR(CheckPieces(recv_pieces, size));
  const auto own = static_cast<size_t>(rank);
  if (send_pieces[own].count == recv_pieces[own].count) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("rank ", rank, " sends itself ",
                                                 send_pieces[own].count, " elements but receives ",
                                                 recv_pieces[own].count));
}

absl::Status CheckSendRecv(const SendRecvSizes& s) {
  if (s.to >= 0) BB_RETURN_IF_ERROR(CheckRank("to", s.to, s.size));
  if (s.from >= 0) BB_RETURN_IF_ERROR(CheckRank("from", s.from, s.size));
  BB_RETURN_IF_ERROR(CheckElementCount(std::min(s.send_bytes, s.recv_bytes)));
  const bool to_itself = s.to == s.rank, from_itself = s.from == s.rank;
  if (to_itself == from_itself && (!to_itself || s.send_bytes == s.recv_bytes))
    return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("rank ", s.rank, " sends ", s.send_bytes,
                                                 " bytes to ", s.to, " and receives ", s.recv_bytes,
                                                 " from ", s.from, ": itself needs both, equal"));
}

}  // namespace basisbench
