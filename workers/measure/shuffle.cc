// SPDX-License-Identifier: Apache-2.0
#include "workers/measure/shuffle.h"

#include <cstddef>
#include <numeric>
#include <utility>

namespace basisbench {
namespace {

// SplitMix64 (Steele, Lea, Flood 2014). std::shuffle is not the same in every standard library.
uint64_t NextRandom(uint64_t& state) {
  uint64_t z = (state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

}  // namespace

std::vector<int> ShuffledOrder(int count, uint64_t seed, uint64_t round) {
  std::vector<int> order(static_cast<size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  uint64_t state = seed;
  state = NextRandom(state) ^ round;
  for (int i = count - 1; i > 0; --i) {
    const auto j = static_cast<size_t>(NextRandom(state) % static_cast<uint64_t>(i + 1));
    std::swap(order[static_cast<size_t>(i)], order[j]);
  }
  return order;
}

}  // namespace basisbench
