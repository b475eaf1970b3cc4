// SPDX-License-Identifier: Apache-2.0
// Encoders nearer to matrix multiplication: regularised alternating least squares on the tensor of
// t x t matrix products (Johnson and McLoughlin, 1986; Smirnov, 2013). Deterministic.
#pragma once

#include "workers/operators/stl/encoders.h"

namespace basisbench {

// Improves `encoders` in place: each sweep solves for E_X, E_W and D in turn, towards their last
// values with a weight that falls off.
void FitByAlternatingLeastSquares(Encoders& encoders);

}  // namespace basisbench
