// SPDX-License-Identifier: Apache-2.0
// The part of Operator::Resolve that is the same for every operator. Pure functions.
#pragma once

#include "absl/status/statusor.h"
#include "workers/operators/operator.h"

namespace basisbench {

// Checks a problem against what the description declares: shape, dtype, direction, sharding, ranks
// and parameters (unknown names, integers out of range, missing values). Fills in the default
// sharding, parameter defaults and d_out = d_in where they were left out. INVALID_ARGUMENT or
// UNIMPLEMENTED, naming the thing and the value.
absl::StatusOr<Problem> ResolveAgainst(const OperatorDescription& description,
                                       const Problem& problem);

// "RxC" to rows and columns. INVALID_ARGUMENT unless both are at least 1 and their product is
// `ranks`.
struct ProcessGrid {
  int rows = 1;
  int cols = 1;
};
absl::StatusOr<ProcessGrid> ParseGrid(absl::string_view text, int ranks);

// INVALID_ARGUMENT when a grid was given to a sharding that uses none.
absl::Status RefuseGrid(const Problem& problem);

// UNIMPLEMENTED unless d_out equals d_in: for maps of a space to itself.
absl::Status RequireSquare(const Problem& problem);

}  // namespace basisbench
