// SPDX-License-Identifier: Apache-2.0
// The plans of `matmul`, one file per sharding, and what each declares. Problems are resolved ones;
// device and communicator outlive the plan; one plan belongs to one thread. Factories fail only
// where allocation does.
#pragma once

#include "workers/operators/resolve.h"
#include "workers/operators/sharding.h"

namespace basisbench {

// X and Y by rows, W on every rank; nothing moves but, backward, the sums of dW.
Sharding MatMulToken();

// W and Y by columns; X starts by rows and is passed around a ring while the arrived rows are
// multiplied.
Sharding MatMulColumn();

// W by rows, X by columns; the partial products are summed around a ring while the next are
// computed. Y ends whole on every rank ("row") or by rows ("row_scatter").
Sharding MatMulRow();
Sharding MatMulRowScatter();

// X, W and Y on a two-dimensional grid of ranks.
Sharding MatMulSumma();

// Layers of such grids, each with a slice of the inner dimension; Y ends spread over the layers by
// rows.
Sharding MatMulDeep();

struct DeepGrid {
  int rows = 1, cols = 1, depth = 1;
};
// "RxCxD". INVALID_ARGUMENT unless their product is the problem's ranks; UNIMPLEMENTED for more
// layers than d_in.
absl::StatusOr<DeepGrid> ParseDeepGrid(absl::string_view text, const Problem& problem);
// The one that sends the fewest bytes at the most loaded rank.
DeepGrid BestDeepGrid(const Problem& problem);

// The grid that sends the fewest bytes at the most loaded rank.
ProcessGrid BestSummaGrid(const Problem& problem);

}  // namespace basisbench
