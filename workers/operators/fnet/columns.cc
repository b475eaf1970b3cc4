// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "services/base/status_macros.h"
#include "workers/operators/fnet/fnet_plans.h"

namespace basisbench {

std::vector<Piece> ColumnsByRank(int64_t d, int64_t ranks) {
  std::vector<Piece> columns = PartsOf((HalfOf(d) + 1) / 2, ranks, 2);
  for (Piece& piece : columns)
    piece.count = std::max<int64_t>(0, std::min(piece.count, HalfOf(d) - piece.offset));
  return columns;
}

Piece Mirrored(const Piece& columns, int64_t d) {
  // Column 0 is its own mirror, and so is d/2 of an even d.
  const int64_t first = std::max<int64_t>(1, columns.offset);
  const int64_t end = std::min(columns.offset + columns.count, d - HalfOf(d) + 1);
  return {first, std::max<int64_t>(0, end - first)};
}

std::vector<int64_t> ColumnsWithImages(const Piece& columns, int64_t d) {
  std::vector<int64_t> indices = IndicesOf(columns);
  const Piece mirrored = Mirrored(columns, d);
  for (int64_t l = mirrored.offset + mirrored.count - 1; l >= mirrored.offset; --l)
    indices.push_back(d - l);
  return indices;
}

absl::StatusOr<std::unique_ptr<FftPlan>> MakeColumnFft(const Problem& problem, Device& device,
                                                       int64_t count, void* pairs) {
  FftDescription columns{.dtype = problem.dtype, .n = problem.shape.tokens};
  columns.howmany = PaddedToPairs(count) / 2;
  columns.in_stride = columns.out_stride = std::max<int64_t>(1, columns.howmany);
  columns.in_distance = columns.out_distance = 1;
  return device.MakeFft(columns, pairs, pairs);
}

absl::Status Unfold(const Unfolding& unfolding, Device& device) {
  const int64_t size = DtypeSize(unfolding.dtype);
  const int64_t leading = PaddedToPairs(unfolding.columns.count);
  CopyArgs args{.dtype = unfolding.dtype, .rows = unfolding.rows};
  args.cols = unfolding.columns.count;
  args.from = unfolding.from;
  args.from_row_stride = leading;
  args.to = unfolding.to + unfolding.first * size;
  args.to_row_stride = unfolding.to_row_stride;
  BB_RETURN_IF_ERROR(device.Copy(args));
  const Piece mirrored = Mirrored(unfolding.columns, unfolding.d);
  const int64_t last = mirrored.offset + mirrored.count - 1 - unfolding.columns.offset;
  if (mirrored.count == 0) return absl::OkStatus();
  args.cols = mirrored.count;
  args.from = unfolding.mirror + last * size;
  args.from_row_stride = -leading;
  args.from_col_stride = -1;
  args.to = unfolding.to + unfolding.image * size;
  return device.Copy(args);
}

}  // namespace basisbench
