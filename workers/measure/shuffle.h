// SPDX-License-Identifier: Apache-2.0
// The order in which a round visits its cases: the same on every rank and every machine for a seed.
// Pure.
#pragma once

#include <cstdint>
#include <vector>

namespace basisbench {

// A permutation of 0..count-1.
std::vector<int> ShuffledOrder(int count, uint64_t seed, uint64_t round);

}  // namespace basisbench
