// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/slowest_rank.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "services/base/status_macros.h"

namespace basisbench {

absl::StatusOr<double> SlowestRank(Communicator& communicator,
                                   const std::function<absl::Status()>& run) {
  BB_RETURN_IF_ERROR(communicator.Barrier());
  const auto start = std::chrono::steady_clock::now();
  BB_RETURN_IF_ERROR(run());
  std::vector<double> seconds(communicator.size(), 0.0);
  seconds[communicator.rank()] =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::vector<Piece> pieces;
  for (int rank = 0; rank < communicator.size(); ++rank) pieces.push_back({rank, 1});
  BB_RETURN_IF_ERROR(communicator.AllGather(Dtype::kF64, seconds.data(), pieces));
  return *std::max_element(seconds.begin(), seconds.end());
}

}  // namespace basisbench
