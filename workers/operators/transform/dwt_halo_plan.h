// SPDX-License-Identifier: Apache-2.0
// Sharding "halo" of the wavelet transform: vectors are cut between groups of 2^c elements, so that
// the first c levels stay even on every rank. At each of them a rank gets the L - 2 elements after
// its own, backward the (L - 2)/2 sums and differences before them, and keeps the differences; the
// last sums, few by then, are made whole for the other levels as any mixer makes vectors whole. c
// is the largest for which a part is no shorter than a halo and no more than an eighth longer than
// the average. c = 0: all levels as any mixer.
//   Bytes b (L - 2) V for each of c levels, messages 1; then 2 b V (n / 2^c) (P - 1)/P^2, messages
//   2 (P - 1), unless there are c levels only.
#pragma once

#include <vector>

#include "workers/operators/mixer/mixer.h"

namespace basisbench {

// `op` outlives the sharding; `filter` gives the taps h of its problems.
Sharding DwtHalo(const Mixer& op, const std::vector<double>& (*filter)(const Problem&));

}  // namespace basisbench
