// SPDX-License-Identifier: Apache-2.0
// The shardings of `wht`, one file each.
#pragma once

#include <cmath>

#include "workers/operators/sharding.h"

namespace basisbench {

// X and Y by rows; nothing moves.
Sharding WhtToken();

// X and Y by columns, on a power of two of ranks: each transforms its own columns, then swaps with
// one partner per bit of the rank.
Sharding WhtPairwise();

// X by columns, Y by rows, on any number of ranks: one all-to-all between them. Backward dY by
// rows, dX by columns.
Sharding WhtAllToAll();

// The transform is its own adjoint: backward it takes dY to dX.
inline const char* WhtInput(const Problem& problem) {
  return problem.direction == "backward" ? "dy" : "x";
}
inline const char* WhtOutput(const Problem& problem) {
  return problem.direction == "backward" ? "dx" : "y";
}

// "all_to_all" backward: dY by rows, dX by columns.
absl::StatusOr<std::unique_ptr<Plan>> MakeWhtRowsToColumns(const Problem& problem, Device& device,
                                                           Communicator& communicator);
RankCost WhtRowsToColumnsCost(const Problem& problem, int rank);

// What every plan hands to the device: `rows` whole or partial rows, n elements each.
inline WhtArgs WhtRows(const Problem& problem, int64_t rows, int64_t n) {
  WhtArgs args{.dtype = problem.dtype, .rows = rows, .n = n};
  args.scale = 1.0 / std::sqrt(static_cast<double>(problem.shape.d_in));
  args.in_row_stride = args.out_row_stride = n;
  return args;
}

}  // namespace basisbench
