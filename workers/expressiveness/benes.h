// SPDX-License-Identifier: Apache-2.0
// Permutations as 2 lg n - 1 stages of swaps (Benes, 1964): the constructive proof that products B
// B* of a butterfly and the adjoint of one hold every permutation. Pure functions.
#pragma once

#include <cstdint>
#include <vector>

namespace basisbench {

// swapped[i], i < n/2 of those pairs in order, tells whether the two of a pair change places; the
// pairs of a stage are (i, i + stride) with the bit `stride` of i zero.
struct SwapStage {
  int64_t stride = 0;
  std::vector<bool> swapped;  // by the lower index of the pair; n entries
};

// Stages that carry the value at place source[i] to place i, applied first to last; strides n/2,
// ..., 2, 1, 2, ..., n/2. n is a power of two, at least 2.
std::vector<SwapStage> RoutePermutation(const std::vector<int64_t>& source);

// places[i] = the value that was at source[i], moved by the stages.
std::vector<int64_t> ApplyStages(const std::vector<SwapStage>& stages, std::vector<int64_t> places);

}  // namespace basisbench
