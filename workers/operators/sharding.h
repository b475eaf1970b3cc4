// SPDX-License-Identifier: Apache-2.0
// The ways an operator's operands may lie on ranks, as data: each has a name, a plan and a cost. An
// operator keeps a list of its own; the first is the default. Problems given here are resolved
// ones. Pure functions but for the plans.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "workers/operators/operator.h"

namespace basisbench {

// Memory (elements: operands, output, workspace) and traffic of one rank in one iteration.
struct RankCost {
  int64_t elements = 0;
  TrafficTable traffic = {};
};

struct Sharding {
  std::string name;
  // Device and communicator outlive the plan; one plan belongs to one thread. Fails only where
  // allocation or planning does.
  std::function<absl::StatusOr<std::unique_ptr<Plan>>(const Problem&, Device&, Communicator&)>
      make_plan;
  std::function<RankCost(const Problem&, int rank)> cost;
  // Words that the most loaded rank has to send at least, whatever the algorithm, and why; null
  // where nothing is known.
  std::function<double(const Problem&)> lower_bound_words = nullptr;
  std::string lower_bound_source = "none known for this class of maps";
};

std::vector<std::string> NamesOf(const std::vector<Sharding>& shardings);

// The one that the problem names.
const Sharding& ShardingOf(const std::vector<Sharding>& shardings, const Problem& problem);

// Adds memory and traffic of every rank and the lower bound to `cost`.
void DeclareRanks(const Sharding& sharding, const Problem& problem, OperatorCost& cost);

}  // namespace basisbench
