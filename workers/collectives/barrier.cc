// SPDX-License-Identifier: Apache-2.0
// Dissemination barrier: in round k every rank tells r + 2^k and hears from r - 2^k; after
// ceil(lg P) rounds each has heard, directly or not, from all.
// Reference: D. Hensgen, R. Finkel, U. Manber, "Two algorithms for barrier synchronization",
// Int. J. Parallel Program. 17(1), 1988.
#include "services/base/status_macros.h"
#include "workers/collectives/algorithms.h"

namespace basisbench {

absl::Status DisseminationBarrier(Channel& channel) {
  const int ranks = channel.size(), rank = channel.rank();
  const char here = 0;
  char there = 0;
  for (int distance = 1; distance < ranks; distance <<= 1) {
    BB_RETURN_IF_ERROR(channel.Exchange((rank + distance) % ranks, &here, 1,
                                        (rank - distance + ranks) % ranks, &there, 1,
                                        MessageKind::kControl));
  }
  return absl::OkStatus();
}

}  // namespace basisbench
