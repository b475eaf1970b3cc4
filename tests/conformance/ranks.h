// SPDX-License-Identifier: Apache-2.0
// How this run of the conformance tests makes its ranks: threads, or the processes that mpirun
// started.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "workers/collectives/communicator.h"

namespace basisbench {

// Rank counts that this run can have: {1,2,3,4,8}, or the one that mpirun started.
const std::vector<int>& RankCounts();

// "local", "mpi".
std::string Backend();

// Runs `body` on every rank and returns the first error; under mpirun, this process's own.
absl::Status RunRanks(int ranks, const std::function<absl::Status(Communicator&)>& body);

// Called by main. `world` belongs to main; null: threads.
void UseWorld(Communicator* world);

}  // namespace basisbench
