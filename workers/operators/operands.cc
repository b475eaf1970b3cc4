// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/operands.h"

#include <algorithm>

namespace basisbench {
namespace {

// How many columns from `j` on follow each other.
size_t RunLength(const std::vector<int64_t>& cols, size_t j) {
  size_t end = j + 1;
  while (end < cols.size() && cols[end] == cols[end - 1] + 1) ++end;
  return end - j;
}

void Store(const Shard& shard, int64_t at, absl::Span<const double> values) {
  if (shard.dtype == Dtype::kF32) {
    std::copy(values.begin(), values.end(), static_cast<float*>(shard.data) + at);
  } else {
    for (const double value : values) StoreElement(shard.dtype, shard.data, at++, value);
  }
}

}  // namespace

const TensorValues& SeededOperands::Values(absl::string_view tensor) const {
  for (const auto& [name, values] : tensors_) {
    if (tensor == name) return values;
  }
  const double scale = op_.OperandScale(problem_, tensor);
  tensors_.emplace_back(std::string(tensor), TensorValues(seed_, tensor, distribution_, scale));
  return tensors_.back().second;
}

double SeededOperands::At(absl::string_view tensor, int64_t row, int64_t col) const {
  return RoundTo(problem_.dtype, Values(tensor).At(row, col));
}

void SeededOperands::Row(absl::string_view tensor, int64_t row, int64_t first_col,
                         absl::Span<double> out) const {
  Values(tensor).Row(row, first_col, out);
  for (double& value : out) value = RoundTo(problem_.dtype, value);
}

void FillShard(const Shard& shard, const Operands& operands) {
  std::vector<double> values(shard.cols.size());
  for (size_t i = 0; i < shard.rows.size(); ++i) {
    for (size_t j = 0; j < shard.cols.size();) {
      const size_t run = RunLength(shard.cols, j);
      operands.Row(shard.tensor, shard.rows[i], shard.cols[j],
                   absl::MakeSpan(values).subspan(j, run));
      j += run;
    }
    Store(shard, static_cast<int64_t>(i) * shard.leading, values);
  }
}

}  // namespace basisbench
