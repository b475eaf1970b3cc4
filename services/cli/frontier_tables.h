// SPDX-License-Identifier: Apache-2.0
// A frontier as tables for the terminal and as one JSON document for programs and the report.
#pragma once

#include "services/cli/frontier.h"
#include "services/cli/table.h"

namespace basisbench {

// One row per point, by group and cost. People see the points that nothing beats for certain, or
// all of them with `everything`; where no point has a gain, all of them.
Table FrontTable(const Frontier& frontier, Axis axis, bool everything);
Table CrossoverTable(const Frontier& frontier);
// Only rows of more than one rank.
Table ScalingTable(const Frontier& frontier);
Table ErrorTable(const Frontier& frontier);
Table ExcludedTable(const Frontier& frontier);

// Everything, in base units. Absent values are left out.
Json FrontierDocument(const Frontier& frontier);

}  // namespace basisbench
