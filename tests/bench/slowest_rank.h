// SPDX-License-Identifier: Apache-2.0
// The time of one run on several ranks, for the bench programs.
#pragma once

#include <functional>

#include "absl/status/statusor.h"
#include "workers/collectives/communicator.h"

namespace basisbench {

// Seconds of the slowest rank, all having started together. Collective; what `run` or the
// communicator says when it fails.
absl::StatusOr<double> SlowestRank(Communicator& communicator,
                                   const std::function<absl::Status()>& run);

}  // namespace basisbench
