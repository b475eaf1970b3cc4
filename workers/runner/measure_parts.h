// SPDX-License-Identifier: Apache-2.0
// What the median of the whole does not tell: the arithmetic alone, the communication alone, and
// joules. Measured after the samples, since the outputs are meaningless afterwards. Collective; an
// error ends the attempt.
#pragma once

#include "absl/status/status.h"
#include "workers/runner/case_run.h"
#include "workers/runner/run_context.h"

namespace basisbench {

// Fills compute and communication.
absl::Status MeasureParts(RunContext& context, CaseRun& run);

// Fills energy: the body is repeated for a window long enough for the counters. Absent, with the
// reason, unless every host of the gang has counters.
absl::Status MeasureEnergy(RunContext& context, CaseRun& run);

}  // namespace basisbench
