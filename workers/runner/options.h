// SPDX-License-Identifier: Apache-2.0
// How to measure, with defaults. Pure.
#pragma once

#include "basisbench/v1/job.pb.h"
#include "workers/runner/case_run.h"

namespace basisbench {

// Zero means the default in every field; limits are kept in their legal range.
MeasureOptions OptionsOf(const v1::MeasurementOptions& options);

}  // namespace basisbench
