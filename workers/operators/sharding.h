// SPDX-License-Identifier: Apache-2.0
// The ways an operator's operands may lie on ranks, as data: each has a name, a plan and a cost. An
// operator keeps a list of its own; the first is the default. Problems given here are resolved
// ones. Pure functions but for the plans.
#pragma once

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
  absl::StatusOr<std::unique_ptr<Plan>> (*make_plan)(const Problem&, Device&, Communicator&);
  RankCost (*cost)(const Problem&, int rank);
};

std::vector<std::string> NamesOf(const std::vector<Sharding>& shardings);

// The one that the problem names.
const Sharding& ShardingOf(const std::vector<Sharding>& shardings, const Problem& problem);

// Adds memory and traffic of every rank to `cost`.
void DeclareRanks(const Sharding& sharding, const Problem& problem, OperatorCost& cost);

}  // namespace basisbench
