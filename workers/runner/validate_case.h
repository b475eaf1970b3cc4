// SPDX-License-Identifier: Apache-2.0
// Decides whether a measured case was right: the last timed output, its coverage, the counted
// traffic, and a run on integer operands that must be exact. Collective; an error ends the attempt.
// A case that fails leaves with OUTCOME_INVALID_RESULT on every rank.
#pragma once

#include "absl/status/status.h"
#include "workers/runner/case_run.h"
#include "workers/runner/run_context.h"

namespace basisbench {

// On the output of the last timed iteration; the buffers are left as they are.
absl::Status ValidateOutput(RunContext& context, const MeasureOptions& options, CaseRun& run);

// Refills the operands with integers and runs once more, poisoned first: nothing may use the plan's
// output afterwards.
absl::Status ValidateExactly(RunContext& context, const MeasureOptions& options, CaseRun& run);

}  // namespace basisbench
