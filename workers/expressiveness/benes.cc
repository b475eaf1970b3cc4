// SPDX-License-Identifier: Apache-2.0
#include "workers/expressiveness/benes.h"

#include <cstddef>
#include <utility>

namespace basisbench {
namespace {

// Routes source, a permutation of a block of size n that starts at `offset`, through the stages
// depth .. size - 1 - depth.
void Route(const std::vector<int64_t>& source, int64_t offset, size_t depth,
           std::vector<SwapStage>& stages) {
  const int64_t n = static_cast<int64_t>(source.size()), half = n / 2;
  SwapStage& first = stages[depth];
  SwapStage& last = stages[stages.size() - 1 - depth];
  if (n == 2) {
    first.swapped[offset] = source[0] == 1;
    return;
  }
  std::vector<int64_t> target(n);
  for (int64_t i = 0; i < n; ++i) target[source[i]] = i;
  // Partners at the inputs, and partners at the outputs, must go through different halves: these
  // demands form rings, and each ring can be walked with alternating halves.
  std::vector<int> upper(n, -1);  // by input place: whether the upper half carries it
  for (int64_t seed = 0; seed < n; ++seed) {
    for (int64_t input = seed; upper[input] < 0;) {
      upper[input] = 1;
      const int64_t sibling = source[(target[input] + half) % n];
      upper[sibling] = 0;
      input = (sibling + half) % n;
    }
  }
  std::vector<int64_t> inner[2] = {std::vector<int64_t>(half), std::vector<int64_t>(half)};
  for (int64_t i = 0; i < half; ++i) {
    first.swapped[offset + i] = upper[i] == 0;
    last.swapped[offset + i] = upper[source[i]] == 0;
    for (const int64_t output : {i, i + half}) {
      const int64_t input = source[output];
      inner[upper[input] == 1 ? 0 : 1][i] = input % half;
    }
  }
  Route(inner[0], offset, depth + 1, stages);
  Route(inner[1], offset + half, depth + 1, stages);
}

}  // namespace

std::vector<SwapStage> RoutePermutation(const std::vector<int64_t>& source) {
  const int64_t n = static_cast<int64_t>(source.size());
  std::vector<SwapStage> stages;
  for (int64_t stride = n / 2; stride >= 1; stride /= 2)
    stages.push_back({stride, std::vector<bool>(n)});
  for (int64_t stride = 2; stride < n; stride *= 2)
    stages.push_back({stride, std::vector<bool>(n)});
  Route(source, 0, 0, stages);
  return stages;
}

std::vector<int64_t> ApplyStages(const std::vector<SwapStage>& stages,
                                 std::vector<int64_t> places) {
  for (const SwapStage& stage : stages)
    for (size_t i = 0; i < places.size(); ++i)
      if (stage.swapped[i]) std::swap(places[i], places[i + stage.stride]);
  return places;
}

}  // namespace basisbench
