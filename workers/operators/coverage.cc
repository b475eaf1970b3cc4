// SPDX-License-Identifier: Apache-2.0
// CheckCoverage of validation.h.
#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/operators/validation.h"

namespace basisbench {
namespace {

// The rows and columns that each rank holds.
struct Holdings {
  std::vector<int64_t> rows, cols;
};

// Gathers lists of different lengths; indices travel as float64, which holds them exactly.
absl::StatusOr<std::vector<Holdings>> GatherHoldings(const Shard& output,
                                                     Communicator& communicator) {
  const int ranks = communicator.size(), me = communicator.rank();
  std::vector<double> counts(2 * ranks, 0.0);
  counts[2 * me] = static_cast<double>(output.rows.size());
  counts[2 * me + 1] = static_cast<double>(output.cols.size());
  std::vector<Piece> pieces;
  for (int rank = 0; rank < ranks; ++rank) pieces.push_back({2 * rank, 2});
  BB_RETURN_IF_ERROR(communicator.AllGather(Dtype::kF64, counts.data(), pieces));
  int64_t total = 0;
  for (int rank = 0; rank < ranks; ++rank) {
    pieces[rank] = {total, static_cast<int64_t>(counts[2 * rank] + counts[2 * rank + 1])};
    total += pieces[rank].count;
  }
  std::vector<double> indices(total);
  std::copy(output.rows.begin(), output.rows.end(), indices.begin() + pieces[me].offset);
  std::copy(output.cols.begin(), output.cols.end(),
            indices.begin() + pieces[me].offset + static_cast<int64_t>(output.rows.size()));
  BB_RETURN_IF_ERROR(communicator.AllGather(Dtype::kF64, indices.data(), pieces));
  std::vector<Holdings> all;
  for (int rank = 0; rank < ranks; ++rank) {
    const auto first = indices.begin() + pieces[rank].offset;
    const auto middle = first + static_cast<int64_t>(counts[2 * rank]);
    all.push_back({{first, middle}, {middle, first + pieces[rank].count}});
  }
  return all;
}

// The first of `size` columns that none of `ranks` holds; `size` when there is none.
int64_t FirstMissing(const std::vector<Holdings>& all, const std::vector<int>& ranks,
                     int64_t size) {
  std::vector<bool> held(size, false);
  for (const int rank : ranks) {
    for (const int64_t col : all[rank].cols) {
      if (col >= 0 && col < size) held[col] = true;
    }
  }
  return std::find(held.begin(), held.end(), false) - held.begin();
}

}  // namespace

absl::Status CheckCoverage(const TensorShape& whole, const Shard& output,
                           Communicator& communicator) {
  BB_ASSIGN_OR_RETURN(const std::vector<Holdings> all, GatherHoldings(output, communicator));
  std::vector<std::vector<int>> holders(whole.rows);
  for (size_t rank = 0; rank < all.size(); ++rank) {
    for (const int64_t row : all[rank].rows) {
      if (row < 0 || row >= whole.rows) {
        return absl::InternalError(
            absl::StrCat("rank ", rank, " holds row ", row, " of ", whole.rows));
      }
      holders[row].push_back(static_cast<int>(rank));
    }
  }
  std::map<std::vector<int>, int64_t> missing;  // by set of holders: few sets, many rows
  for (int64_t row = 0; row < whole.rows; ++row) {
    const auto known = missing.find(holders[row]);
    const int64_t col =
        known != missing.end() ? known->second : FirstMissing(all, holders[row], whole.cols);
    if (known == missing.end()) missing.emplace(holders[row], col);
    if (col < whole.cols) {
      return absl::InternalError(
          absl::StrCat("no rank holds row ", row, ", column ", col, " of ", whole.name));
    }
  }
  return absl::OkStatus();
}

}  // namespace basisbench
