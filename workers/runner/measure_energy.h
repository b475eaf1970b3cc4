// SPDX-License-Identifier: Apache-2.0
// Joules of a case. Measured after the samples. Collective; an error ends the attempt.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "workers/runner/case_run.h"
#include "workers/runner/run_context.h"

namespace basisbench {

// Fills energy and gpu_energy: the body is repeated for a window long enough for the counters. Each
// host's and each GPU's counter is read once, also where several ranks share it. Absent, with the
// reason, unless every host of the gang has counters, or on GPUs every GPU.
absl::Status MeasureEnergy(RunContext& context, CaseRun& run);

// Whether `rank` is the first with its GPU, by the UUIDs of all ranks.
bool IsFirstOnGpu(const std::vector<std::string>& uuids, size_t rank);

}  // namespace basisbench
