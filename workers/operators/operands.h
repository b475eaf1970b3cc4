// SPDX-License-Identifier: Apache-2.0
// Operands of a case from a seed, and how a rank's shards are filled with them. Every rank makes
// its own; one belongs to one thread (it remembers the tensors asked for). Nothing here fails.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "workers/operators/operator.h"

namespace basisbench {

// Values of the counter-based generator, scaled as the operator asks and rounded to the problem's
// dtype.
class SeededOperands : public Operands {
 public:
  // Operator and problem must outlive it.
  SeededOperands(const Operator& op, const Problem& problem, Distribution distribution,
                 uint64_t seed)
      : op_(op), problem_(problem), distribution_(distribution), seed_(seed) {}

  double At(absl::string_view tensor, int64_t row, int64_t col) const override;
  void Row(absl::string_view tensor, int64_t row, int64_t first_col,
           absl::Span<double> out) const override;

 private:
  const TensorValues& Values(absl::string_view tensor) const;

  const Operator& op_;
  const Problem& problem_;
  const Distribution distribution_;
  const uint64_t seed_;
  mutable std::vector<std::pair<std::string, TensorValues>> tensors_;
};

// Other operands with one tensor replaced by a change, scaled: zero outside of it. Borrows both.
class ChangedOperands : public Operands {
 public:
  // `keep` adds the change to the tensor's own values.
  ChangedOperands(const Operands& others, const Operator::Change& change, double factor, bool keep);
  double At(absl::string_view tensor, int64_t row, int64_t col) const override;
  void Row(absl::string_view tensor, int64_t row, int64_t first_col,
           absl::Span<double> out) const override;

 private:
  const Operands& others_;
  const Operator::Change& change_;
  const double factor_;
  const bool keep_;
  std::unordered_map<int64_t, int64_t> row_of_, col_of_;  // global to local
};

// Writes the operand's values into a shard in host memory.
void FillShard(const Shard& shard, const Operands& operands);

// Element (i, j) of a shard in host memory, as float64.
inline double ElementOf(const Shard& shard, int64_t i, int64_t j) {
  return LoadElement(shard.dtype, shard.data, i * shard.leading + j);
}

}  // namespace basisbench
