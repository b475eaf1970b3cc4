// SPDX-License-Identifier: Apache-2.0
// The timed region: a barrier, then the body and nothing else between two readings of the clock.
#pragma once

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "workers/runner/run_context.h"

namespace basisbench {

struct TimedBody {
  absl::Status status;     // of the first execution that failed
  double seconds = 0;      // per execution
  double start = 0;        // on rank 0's clock (seconds)
  TrafficTable traffic{};  // of all executions together
};

// Leaves the barrier with all ranks and runs `body` `batch` times. An error of the call means that
// the communicator is broken; an error of the body is in the result. `cold` empties the caches
// before the barrier.
absl::StatusOr<TimedBody> TimeBody(RunContext& context, bool cold, int64_t batch,
                                   const std::function<absl::Status()>& body);

}  // namespace basisbench
