// SPDX-License-Identifier: Apache-2.0
// The parameter `block` of maps over a power of two of blocks. Pure functions.
#pragma once

#include "absl/status/status.h"
#include "workers/operators/operator.h"

namespace basisbench {

ParameterDescription BlockParameter();

// Fills in the default and refuses, UNIMPLEMENTED naming both numbers, what does not cut `length`
// into a power of two of blocks, two at least.
absl::Status ResolveBlock(Problem& problem, int64_t length);

}  // namespace basisbench
