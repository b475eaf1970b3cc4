// SPDX-License-Identifier: Apache-2.0
// An attempt on one rank: every group of its cases planned, measured, validated and reported. All
// ranks call it with the same assignment; they execute the same collectives in the same order.
#pragma once

#include "absl/status/status.h"
#include "basisbench/v1/runner.pb.h"
#include "workers/runner/run_context.h"

namespace basisbench {

// Returns after the last record was taken over and the reporter was told that all is done. An error
// means that ranks cannot go on together (a broken communicator, a reporter that is gone); records
// reported before it are good.
absl::Status RunAssignment(RunContext& context, const v1::Assignment& assignment);

}  // namespace basisbench
