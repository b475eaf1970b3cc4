// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/sharding.h"

#include <algorithm>

namespace basisbench {

std::vector<std::string> NamesOf(const std::vector<Sharding>& shardings) {
  std::vector<std::string> names;
  for (const Sharding& sharding : shardings) names.push_back(sharding.name);
  return names;
}

const Sharding& ShardingOf(const std::vector<Sharding>& shardings, const Problem& problem) {
  // Resolve has seen to it that the name is there.
  return *std::find_if(shardings.begin(), shardings.end(),
                       [&](const Sharding& sharding) { return sharding.name == problem.sharding; });
}

void DeclareRanks(const Sharding& sharding, const Problem& problem, OperatorCost& cost) {
  for (int rank = 0; rank < problem.ranks; ++rank) {
    const RankCost of_rank = sharding.cost(problem, rank);
    cost.memory_bytes.push_back(of_rank.elements * DtypeSize(problem.dtype));
    cost.traffic.push_back(of_rank.traffic);
  }
  cost.lower_bound_source = sharding.lower_bound_source;
  if (sharding.lower_bound_words != nullptr) {
    cost.wire_bytes_lower_bound =
        static_cast<double>(DtypeSize(problem.dtype)) * sharding.lower_bound_words(problem);
  }
}

}  // namespace basisbench
