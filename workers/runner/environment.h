// SPDX-License-Identifier: Apache-2.0
// The conditions of the whole attempt, told by every rank and put together on rank 0.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "basisbench/v1/result.pb.h"
#include "workers/runner/run_context.h"

namespace basisbench {

// Collective.
absl::StatusOr<v1::Environment> GatherEnvironment(RunContext& context);

// Around the samples of a group of cases: each rank's GPU is watched in between, and what was seen
// goes into the environment on rank 0, in place of the last group's. Nothing where there is no GPU.
// The second is collective.
void BeginConditions(RunContext& context);
absl::Status EndConditions(RunContext& context);

// Pure: the ranks' environments as one. What differs from rank 0's is kept under "name [rank r]".
v1::Environment MergeEnvironments(const std::vector<v1::Environment>& ranks);

}  // namespace basisbench
