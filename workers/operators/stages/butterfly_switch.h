// SPDX-License-Identifier: Apache-2.0
// A butterfly in two steps (factor_switch.h).
#pragma once

#include <memory>

#include "workers/operators/stages/factor_switch.h"

namespace basisbench {

// n a power of two of at least 2.
FactorCut CutButterfly(int64_t n);
std::unique_ptr<DigitSwitch> MakeButterflySwitch(int64_t n);

}  // namespace basisbench
