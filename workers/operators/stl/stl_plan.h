// SPDX-License-Identifier: Apache-2.0
// The shardings of STL, both cut at the borders of tiles: "token" gives every rank rows of X and Y
// and all of W; "column" gives it rows of X, which are gathered, and columns of W and Y.
//   token: nothing moves forward; backward one all-reduce of dW.
//   column: messages P - 1, bytes b K (N - rows of the next rank); backward the reduce-scatter of
//   dX comes on top.
#pragma once

#include <vector>

#include "workers/operators/parameters.h"
#include "workers/operators/sharding.h"
#include "workers/operators/stl/encoders.h"

namespace basisbench {

inline const Encoders& EncodersOf(const Problem& problem) {
  return EncodersOf(problem.parameters.at("init"), IntegerParameter(problem, "tile"),
                    IntegerParameter(problem, "rank"));
}

// W as the operand it is: K x M, or encoded.
TensorShape StlWeight(const Problem& problem);

// FLOPs of all ranks.
double StlFlops(const Problem& problem);

const std::vector<Sharding>& StlShardings();

}  // namespace basisbench
