// SPDX-License-Identifier: Apache-2.0
// The tables `get` prints. Pure functions of what the coordinator answered.
#pragma once

#include <vector>

#include "basisbench/v1/job.pb.h"
#include "basisbench/v1/worker.pb.h"
#include "services/cli/table.h"

namespace basisbench {

Table JobTable(const std::vector<v1::Job>& jobs);
Table WorkerTable(const std::vector<v1::WorkerInfo>& workers);
Table OperatorTable(const std::vector<v1::OperatorInfo>& operators);
Table PresetTable(const std::vector<v1::PresetInfo>& presets);

}  // namespace basisbench
