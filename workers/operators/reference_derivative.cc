// SPDX-License-Identifier: Apache-2.0
// The derivative of the forward reference along a change of one input, from the reference alone.
#include <cmath>
#include <numeric>

#include "workers/operators/operands.h"

namespace basisbench {
namespace {

// Step of the central differences, in units of the change: their error is of its fourth power, the
// rounding error of its inverse.
constexpr double kStep = 1e-3;

// <dY, Y(operands)> over all tokens.
double Pairing(const Operator& op, const Problem& problem, const Operands& operands) {
  const auto [tokens, d_in, d_out] = problem.shape;
  std::vector<int64_t> rows(tokens);
  std::iota(rows.begin(), rows.end(), 0);
  const std::vector<double> y = op.ReferenceRows(problem, operands, rows);
  std::vector<double> dy(d_out);
  long double sum = 0;
  for (int64_t i = 0; i < tokens; ++i) {
    operands.Row("dy", i, 0, absl::MakeSpan(dy));
    for (int64_t j = 0; j < d_out; ++j) sum += static_cast<long double>(dy[j]) * y[i * d_out + j];
  }
  return static_cast<double>(sum);
}

}  // namespace

ChangedOperands::ChangedOperands(const Operands& others, const Operator::Change& change,
                                 double factor, bool keep)
    : others_(others), change_(change), factor_(factor), keep_(keep) {
  for (size_t i = 0; i < change.rows.size(); ++i) row_of_[change.rows[i]] = static_cast<int64_t>(i);
  for (size_t j = 0; j < change.cols.size(); ++j) col_of_[change.cols[j]] = static_cast<int64_t>(j);
}

double ChangedOperands::At(absl::string_view tensor, int64_t row, int64_t col) const {
  if (tensor != change_.tensor) return others_.At(tensor, row, col);
  const double kept = keep_ ? others_.At(tensor, row, col) : 0.0;
  const auto i = row_of_.find(row), j = col_of_.find(col);
  if (i == row_of_.end() || j == col_of_.end()) return kept;
  const auto width = static_cast<int64_t>(change_.cols.size());
  return kept + factor_ * change_.values[i->second * width + j->second];
}

void ChangedOperands::Row(absl::string_view tensor, int64_t row, int64_t first_col,
                          absl::Span<double> out) const {
  if (tensor != change_.tensor) {
    others_.Row(tensor, row, first_col, out);
    return;
  }
  for (size_t j = 0; j < out.size(); ++j)
    out[j] = At(tensor, row, first_col + static_cast<int64_t>(j));
}

double Operator::ReferenceDerivative(const Problem& problem, const Operands& operands,
                                     const Change& change) const {
  if (IsLinearIn(change.tensor))
    return Pairing(*this, problem, ChangedOperands(operands, change, 1.0, false));
  const auto at = [&](double factor) {
    return Pairing(*this, problem, ChangedOperands(operands, change, factor, true));
  };
  return (8 * (at(kStep) - at(-kStep)) - (at(2 * kStep) - at(-2 * kStep))) / (12 * kStep);
}

}  // namespace basisbench
