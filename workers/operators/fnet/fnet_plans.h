// SPDX-License-Identifier: Apache-2.0
// The plans of `fnet`, and what they share. The real part of a two-dimensional spectrum is even,
// Y[-k, -l] = Y[k, l], so columns 0 to d/2 say all; and only the even part of X under both
// reversals reaches it, so along the tokens each column goes from a spectrum of conjugate symmetry
// to real numbers. Two such columns are transformed as one complex column.
#pragma once

#include "workers/operators/partition.h"
#include "workers/operators/sharding.h"

namespace basisbench {

// X and Y by rows: all-to-alls there and back.
Sharding FnetToken();

// X by rows, Y by columns in mirrored pairs: one all-to-all. Backward dY by columns, dX by rows.
Sharding FnetTransposed();
absl::StatusOr<std::unique_ptr<Plan>> MakeFnetColumnsToRows(const Problem& problem, Device& device,
                                                            Communicator& communicator);
RankCost FnetColumnsToRowsCost(const Problem& problem, int rank);

// The map is its own adjoint: backward it takes dY to dX.
inline const char* FnetInput(const Problem& problem) {
  return problem.direction == "backward" ? "dy" : "x";
}
inline const char* FnetOutput(const Problem& problem) {
  return problem.direction == "backward" ? "dx" : "y";
}

// One rank: nothing moves.
absl::StatusOr<std::unique_ptr<Plan>> MakeLocalFnetPlan(const Problem& problem, Device& device);
RankCost LocalFnetCost(const Problem& problem);

// Numbers 0 to n/2 of a spectrum of n.
inline int64_t HalfOf(int64_t n) { return n / 2 + 1; }

// Columns 0 to d/2 by ranks, cut between the pairs that are transformed together.
std::vector<Piece> ColumnsByRank(int64_t d, int64_t ranks);

// A few columns of pairs, row by row: `count` real columns, padded to whole pairs.
inline int64_t PaddedToPairs(int64_t count) { return count + count % 2; }

// Those of some columns l that have a mirror image d - l beyond d/2.
Piece Mirrored(const Piece& columns, int64_t d);
// Columns, and behind them the mirror images of those that have one, in ascending order.
std::vector<int64_t> ColumnsWithImages(const Piece& columns, int64_t d);

// Transforms along columns of pairs, in place; `pairs` has PaddedToPairs(count) reals a row.
absl::StatusOr<std::unique_ptr<FftPlan>> MakeColumnFft(const Problem& problem, Device& device,
                                                       int64_t count, void* pairs);

// Places some columns of y and their mirror images. `columns` are those of `from`; `rows` follow
// each other from `from` on, and their mirror rows -k backwards from `mirror` on. Row k of Y starts
// at `to`; column l goes to place l - `first` and column d - l to place `image` and those after it,
// in ascending order.
struct Unfolding {
  Dtype dtype = Dtype::kF32;
  int64_t d = 0;
  Piece columns;
  int64_t rows = 0;
  const std::byte* from = nullptr;
  const std::byte* mirror = nullptr;
  std::byte* to = nullptr;
  int64_t to_row_stride = 0;
  int64_t first = 0, image = 0;
};
absl::Status Unfold(const Unfolding& unfolding, Device& device);

}  // namespace basisbench
