// SPDX-License-Identifier: Apache-2.0
// What a token mixer's class of mixing matrices can hold, for mixers whose matrix follows the data:
// softmax attention with free logits mixes by row-stochastic matrices, linear attention by matrices
// of the rank of its keys (ClosestOfRank), a state-space model by semiseparable ones, a long
// convolution by Toeplitz ones (the family `toeplitz`).
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "workers/expressiveness/matrix.h"

namespace basisbench {

// The closest matrix whose rows are probability vectors: each row is projected on the simplex by
// the threshold that leaves a sum of one (Held, Wolfe and Crowder, 1974).
Matrix<double> ClosestRowStochastic(const Matrix<double>& target);

// The largest rank of a block T[i:, :i] below the diagonal, singular values under `tolerance` times
// ||T|| counting as zero. A causal mixing matrix with this at most s is what a recurrence with a
// state of s numbers computes, and no smaller state does. O(n^4): for n up to a few hundred. Errors
// of lapack.h.
absl::StatusOr<int64_t> HankelRank(const Matrix<double>& target, double tolerance);

}  // namespace basisbench
