// SPDX-License-Identifier: Apache-2.0
// Figures of a frontier in words, for terminal and report alike. Pure functions.
#pragma once

#include <string>

#include "services/cli/frontier.h"

namespace basisbench {

// "from n = 412 [398, 430]", "at every n from 64 to 1024", "not reached up to n = 1024".
std::string CrossoverText(const FrontierCrossover& found);

// "1.23 ms", "4.50 MiB": a cost in the unit of its axis.
std::string CostText(Axis axis, double value);

// "time per iteration", "memory traffic (model)": what an axis shows. `memory_basis` as in
// FrontierGroup.
std::string AxisTitle(Axis axis, const std::string& memory_basis);

}  // namespace basisbench
