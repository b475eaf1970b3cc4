// SPDX-License-Identifier: Apache-2.0
// The timed region: a barrier, then the body and nothing else between two readings of its clock.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "workers/measure/body_clock.h"
#include "workers/runner/run_context.h"

namespace basisbench {

struct TimedBody {
  absl::Status status;     // of the first execution that failed
  double seconds = 0;      // per execution
  double start = 0;        // on rank 0's clock (seconds)
  TrafficTable traffic{};  // of all executions together
};

// The clock for a body: the GPU's own where one rank computes on a GPU, otherwise the host's.
std::unique_ptr<BodyClock> MakeBodyClock(RunContext& context, Body body);

// The host's clock, whatever the body runs on.
std::unique_ptr<BodyClock> MakeHostClock(RunContext& context, Body body);

// Leaves the barrier with all ranks and runs the clock's body `batch` times. An error of the call
// means that the communicator is broken; an error of the body is in the result. `cold` empties the
// caches, of the GPU where there is one, before the barrier.
absl::StatusOr<TimedBody> TimeBody(RunContext& context, BodyClock& clock, bool cold, int64_t batch);

}  // namespace basisbench
