// SPDX-License-Identifier: Apache-2.0
// The tables a finished job is read from. Pure functions of its records.
#pragma once

#include <vector>

#include "basisbench/v1/job.pb.h"
#include "basisbench/v1/result.pb.h"
#include "services/cli/table.h"

namespace basisbench {

// One row per case, grouped by comparison group: the baseline first, then by median, wrong results
// last.
Table ResultTable(const std::vector<v1::CaseResult>& results);

// Sums over the sites of a model for each operator in each configuration; no rows for jobs of
// explicit shapes. A sum over fewer sites than were asked for names those it lacks and has no
// whole-model figures.
Table ModelTable(const std::vector<v1::CaseResult>& results);

// Who measured and against which roofs, one line each.
std::vector<std::string> ConditionLines(const std::vector<v1::CaseResult>& results);

}  // namespace basisbench
