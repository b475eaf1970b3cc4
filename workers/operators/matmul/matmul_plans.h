// SPDX-License-Identifier: Apache-2.0
// The plans of `matmul`, one file per sharding, and what each declares. Problems are resolved ones;
// device and communicator outlive the plan; one plan belongs to one thread. Factories fail only
// where allocation does.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "workers/operators/operator.h"
#include "workers/operators/resolve.h"

namespace basisbench {

// Memory (elements: operands, output, workspace) and traffic of one rank.
struct RankCost {
  int64_t elements = 0;
  TrafficTable traffic;
};

// A sharding of matmul as data: how to make its plan and what it costs.
struct MatMulSharding {
  std::string name;
  absl::StatusOr<std::unique_ptr<Plan>> (*make_plan)(const Problem&, Device&, Communicator&);
  RankCost (*cost)(const Problem&, int rank);
};

// X and Y by rows, W on every rank; nothing moves.
MatMulSharding TokenSharding();

// W and Y by columns; X starts by rows and is passed around a ring while the arrived rows are
// multiplied.
MatMulSharding ColumnSharding();

// W by rows, X by columns; the partial products are summed around a ring while the next are
// computed. Y ends whole on every rank ("row") or by rows ("row_scatter").
MatMulSharding RowSharding();
MatMulSharding RowScatterSharding();

// X, W and Y on a two-dimensional grid of ranks.
MatMulSharding SummaSharding();

// The grid that sends the fewest bytes at the most loaded rank.
ProcessGrid BestSummaGrid(const Problem& problem);

}  // namespace basisbench
