// SPDX-License-Identifier: Apache-2.0
// Pairwise all-to-all. In step s of P-1, rank r sends to r+s and receives from r-s, so in each
// step every link carries one message; a few steps run at once to hide latency.
// Bytes sent: sum of the pieces for others (the least possible); messages: one for each other
// rank whose piece is not empty.
// Reference: Thakur, Rabenseifner, Gropp (see all_gather.cc), section 4.4.
#include <array>
#include <cstring>

#include "services/base/status_macros.h"
#include "workers/collectives/algorithms.h"

namespace basisbench {

absl::Status PairwiseAllToAll(Channel& channel, Dtype dtype, const void* send,
                              absl::Span<const Piece> send_pieces, void* recv,
                              absl::Span<const Piece> recv_pieces) {
  constexpr int kStepsAtOnce = 4;
  const int ranks = channel.size(), rank = channel.rank();
  const int64_t width = DtypeSize(dtype);
  const std::byte* from_base = static_cast<const std::byte*>(send);
  std::byte* to_base = static_cast<std::byte*>(recv);
  std::array<Request, kStepsAtOnce> sending, receiving;

  for (int step = 1; step < ranks; ++step) {
    const int to = (rank + step) % ranks, from = (rank - step + ranks) % ranks;
    Request& in = receiving[step % kStepsAtOnce];
    Request& out = sending[step % kStepsAtOnce];
    BB_RETURN_IF_ERROR(in.Wait());
    BB_RETURN_IF_ERROR(out.Wait());
    BB_ASSIGN_OR_RETURN(in, channel.Recv(from, to_base + recv_pieces[from].offset * width,
                                         recv_pieces[from].count * width));
    BB_ASSIGN_OR_RETURN(out, channel.Send(to, from_base + send_pieces[to].offset * width,
                                          send_pieces[to].count * width));
  }
  // The own piece is copied while the messages are on their way.
  if (const int64_t bytes = send_pieces[rank].count * width; bytes > 0) {
    std::memcpy(to_base + recv_pieces[rank].offset * width,
                from_base + send_pieces[rank].offset * width, static_cast<size_t>(bytes));
  }
  for (Request& in : receiving) BB_RETURN_IF_ERROR(in.Wait());
  for (Request& out : sending) BB_RETURN_IF_ERROR(out.Wait());
  return absl::OkStatus();
}

}  // namespace basisbench
