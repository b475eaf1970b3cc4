// SPDX-License-Identifier: Apache-2.0
// Ranks as threads of one process: the communicator of tests, laptops without MPI, and `cpu_local`.
#pragma once

#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "workers/collectives/communicator.h"

namespace basisbench {

// Runs `body` on `ranks` threads, each with its communicator; returns the first error in rank
// order. A rank that returns an error breaks the group: the others' waits end with ABORTED instead
// of hanging.
absl::Status RunLocalRanks(int ranks, const std::function<absl::Status(Communicator&)>& body,
                           absl::Duration deadline = absl::Seconds(60));

}  // namespace basisbench
