// SPDX-License-Identifier: Apache-2.0
// Binomial-tree broadcast. With distances r counted from the root, a rank receives from r minus
// its lowest set bit, then sends to r + 2^k for every 2^k below that bit, the farthest first.
// Bytes sent: s for each child, at most s ceil(lg P) (by the root); ceil(lg P) rounds.
// Reference: Thakur, Rabenseifner, Gropp (see all_gather.cc), section 4.2.
#include "services/base/status_macros.h"
#include "workers/collectives/algorithms.h"

namespace basisbench {

absl::Status BinomialBroadcast(Channel& channel, void* data, int64_t bytes, int root) {
  const int ranks = channel.size();
  const int distance = (channel.rank() - root + ranks) % ranks;
  auto rank_at = [&](int d) { return (root + d) % ranks; };

  int bit = 1;
  while (bit < ranks && (distance & bit) == 0) bit <<= 1;
  if (distance != 0) {
    BB_ASSIGN_OR_RETURN(Request request, channel.Recv(rank_at(distance - bit), data, bytes));
    BB_RETURN_IF_ERROR(request.Wait());
  }
  for (bit >>= 1; bit > 0; bit >>= 1) {
    if (distance + bit >= ranks) continue;
    BB_ASSIGN_OR_RETURN(Request request, channel.Send(rank_at(distance + bit), data, bytes));
    BB_RETURN_IF_ERROR(request.Wait());
  }
  return absl::OkStatus();
}

}  // namespace basisbench
