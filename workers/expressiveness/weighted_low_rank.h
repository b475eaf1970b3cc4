// SPDX-License-Identifier: Apache-2.0
// Low rank seen through weights: W . (A B), entry by entry, close to a target. There is no closed
// form but for weights of rank one; rows of A and columns of B are solved exactly in turn, each a
// least-squares problem of the rank's size, so that the error never grows.
#pragma once

#include <cstdint>

#include "workers/expressiveness/approximation.h"
#include "workers/expressiveness/matrix.h"

namespace basisbench {

// Improves `factors` for so many rounds, or until one gains less than 1e-9 of the target's energy.
// A round takes O(rows cols rank^2). Pure.
void ImproveWeighted(const Matrix<Complex>& target, const Matrix<Complex>& weights, int64_t rounds,
                     Factors<Complex>& factors);

}  // namespace basisbench
