// SPDX-License-Identifier: Apache-2.0
// What the median of the whole does not tell: the arithmetic alone, the communication alone, and,
// where a GPU took the time, the host's. Measured after the samples, since the outputs are
// meaningless afterwards. Collective; an error ends the attempt.
#pragma once

#include "absl/status/status.h"
#include "workers/runner/case_run.h"
#include "workers/runner/run_context.h"

namespace basisbench {

// Fills compute, communication and host.
absl::Status MeasureParts(RunContext& context, CaseRun& run);

}  // namespace basisbench
