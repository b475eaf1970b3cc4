// SPDX-License-Identifier: Apache-2.0
// Lengths as products. Pure functions.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "workers/operators/problem.h"

namespace basisbench {

// The divisor of `length` nearest below its square root.
int64_t DivisorNearRoot(int64_t length);

// The divisor of `length` whose ratio to `aim` is nearest 1, the smaller of two as near.
int64_t DivisorNear(int64_t length, double aim);

// The parameter `name` as a number of equal parts of `length`: that divisor where it was left out.
// UNIMPLEMENTED naming both numbers where it does not divide.
absl::Status CutEvenly(Problem& problem, const char* name, int64_t length);

}  // namespace basisbench
