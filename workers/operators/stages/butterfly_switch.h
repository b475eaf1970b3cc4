// SPDX-License-Identifier: Apache-2.0
// A butterfly of n = outer x inner elements as a map in two steps: the factors of strides below
// `inner` work within blocks of as many consecutive elements, the others within elements that are
// multiples of `inner` apart. X is cut by blocks, Y by the place in a block.
#pragma once

#include <memory>

#include "workers/operators/mixer/digit_switch.h"

namespace basisbench {

// n a power of two of at least 2; `inner` is near its root.
std::unique_ptr<DigitSwitch> MakeButterflySwitch(int64_t n);

// Factors of the first step.
int64_t FirstButterflyFactors(int64_t n);

}  // namespace basisbench
