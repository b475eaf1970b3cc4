// SPDX-License-Identifier: Apache-2.0
// What this gang can do at best, measured in the same attempt as the results that are held against
// it.
#pragma once

#include "absl/status/statusor.h"
#include "basisbench/v1/result.pb.h"
#include "workers/devices/dtype.h"
#include "workers/runner/run_context.h"

namespace basisbench {

// All ranks at once, as in a case: a big product, a copy through memory, and the wire between
// neighbours. Takes about a second; collective.
absl::StatusOr<v1::Roofs> MeasureRoofs(RunContext& context, Dtype dtype);

}  // namespace basisbench
