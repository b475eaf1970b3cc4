// SPDX-License-Identifier: Apache-2.0
// From the cases of an attempt to plans that are ready to run. Collective: all ranks take the same
// decisions.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "basisbench/v1/runner.pb.h"
#include "workers/runner/case_run.h"
#include "workers/runner/live_report.h"
#include "workers/runner/run_context.h"

namespace basisbench {

// Cases of one comparison group, in the order of their indices.
using Group = std::vector<std::unique_ptr<CaseRun>>;

// Groups in the order of their first case. Cases without a group are groups of their own.
std::vector<Group> GroupCases(const v1::Assignment& assignment);

// Resolves every case of a group; those that cannot run get their outcome.
void ResolveGroup(const RunContext& context, const MeasureOptions& options, Group& group);

// Splits the active cases so that those measured together fit the memory of a rank; the baseline is
// in every part.
std::vector<std::vector<CaseRun*>> SplitByMemory(const Group& group, int64_t memory_bytes);

// Plans a case and fills its operands; a refusal of any rank becomes the case's outcome on all. An
// error means that the attempt cannot go on.
absl::Status PlanCase(RunContext& context, CaseRun& run);

// Ends a case that failed with `why` before it was measured.
void Leave(CaseRun& run, const absl::Status& why);

// Outcome of a case that failed with `status` before it was measured.
v1::Outcome OutcomeOf(const absl::Status& status);

}  // namespace basisbench
