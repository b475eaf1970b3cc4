// SPDX-License-Identifier: Apache-2.0
// Samples the planned cases of a group in interleaved, shuffled rounds until each one's stopping
// rule is content. Collective; an error means that the attempt cannot go on. A case whose body
// fails leaves with OUTCOME_CRASHED.
#pragma once

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "workers/runner/case_run.h"
#include "workers/runner/live_report.h"
#include "workers/runner/run_context.h"

namespace basisbench {

// First iteration, warm-up, batch size. Runs exactly the body that is timed later.
absl::Status WarmUp(RunContext& context, const MeasureOptions& options, LiveReport& report,
                    CaseRun& run);

// All rounds. Cases that are not active are left alone.
absl::Status MeasureRounds(RunContext& context, const MeasureOptions& options, LiveReport& report,
                           absl::Span<CaseRun* const> runs);

}  // namespace basisbench
