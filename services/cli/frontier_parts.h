// SPDX-License-Identifier: Apache-2.0
// The steps in which a Frontier is filled. Each adds one part and reads those before it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "services/cli/frontier.h"

namespace basisbench {

// Points and groups of the records whose shape has `tokens` tokens (0: all). Costs are left empty
// where a record may not be ranked.
void AddGroups(const std::vector<v1::CaseResult>& records, int64_t tokens, Frontier* frontier);

// Along n (square shapes only) and along tokens, from the paired comparisons.
void AddCrossovers(Frontier* frontier);

// Every ranked record of a place against the MatMul of the same place and number of ranks.
void AddScaling(Frontier* frontier);

void AddErrors(Frontier* frontier);

// Ranked, and another operator than the dense one of its group.
bool IsAlternative(const Frontier& frontier, const FrontierPoint& point);

}  // namespace basisbench
