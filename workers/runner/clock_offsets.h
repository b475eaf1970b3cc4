// SPDX-License-Identifier: Apache-2.0
// How far the ranks' steady clocks are apart, so that the skew of their starts can be told across
// hosts.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "workers/collectives/communicator.h"

namespace basisbench {

// Per rank, its clock minus rank 0's (seconds); exactly 0 for ranks of the same kernel. Across
// hosts it is the best of some round trips, wrong by at most half of the shortest one. Collective.
absl::StatusOr<std::vector<double>> MeasureClockOffsets(Communicator& world);

}  // namespace basisbench
