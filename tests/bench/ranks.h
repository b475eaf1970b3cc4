// SPDX-License-Identifier: Apache-2.0
// Bench programs of several ranks, started by mpirun on the CPU of each.
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "workers/collectives/communicator.h"

namespace basisbench {

// Seconds of the slowest rank, all having started together. Collective; what `run` or the
// communicator says when it fails.
absl::StatusOr<double> SlowestRank(Communicator& communicator,
                                   const std::function<absl::Status()>& run);

// What main returns: runs the body on the world, and prints why it failed. WIRE, which names what
// the ranks talk through, is the first argument, or "shared memory".
using RanksBody = std::function<absl::Status(Communicator& world, const std::string& wire)>;
int MainOfRanks(int argc, char** argv, const RanksBody& body);

}  // namespace basisbench
