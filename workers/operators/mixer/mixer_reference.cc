// SPDX-License-Identifier: Apache-2.0
// The reference of every mixer: its matrix row by row from the definition, in float64.
#include <algorithm>
#include <cmath>

#include "workers/operators/mixer/mixer.h"
#include "workers/operators/operands.h"

namespace basisbench {
namespace {

using Rows = absl::Span<const int64_t>;

ReferenceWeights Load(const Mixer& mixer, const Problem& problem, const Operands& operands) {
  ReferenceWeights weights;
  for (const Weight& weight : mixer.Weights(problem)) {
    std::vector<double>& values = weights[weight.name];
    values.resize(static_cast<size_t>(weight.rows * weight.cols));
    for (int64_t i = 0; i < weight.rows; ++i) {
      operands.Row(weight.name, i, 0,
                   absl::MakeSpan(values).subspan(static_cast<size_t>(i * weight.cols),
                                                  static_cast<size_t>(weight.cols)));
    }
  }
  return weights;
}

// Sums in float64 would round more often than some of the f64 maps that they judge.
using Sums = std::vector<long double>;

// Y at the given rows, all columns.
std::vector<double> ChannelRows(const Mixer& mixer, const Problem& problem,
                                const Operands& operands, Rows rows) {
  const auto [tokens, d_in, d_out] = problem.shape;
  const auto map = mixer.MakeReference(problem, Load(mixer, problem, operands));
  std::vector<double> row(d_out);
  Sums y(rows.size() * d_out, 0);
  for (int64_t k = 0; k < d_in; ++k) {
    map->Row(0, k, absl::MakeSpan(row));
    for (size_t i = 0; i < rows.size(); ++i) {
      const long double x = operands.At("x", rows[i], k);
      if (x == 0) continue;  // most of X where the matrix itself is asked for
      for (int64_t j = 0; j < d_out; ++j) y[i * d_out + j] += x * row[j];
    }
  }
  return {y.begin(), y.end()};
}

std::vector<double> TokenRows(const Mixer& mixer, const Problem& problem, const Operands& operands,
                              Rows rows) {
  const auto [tokens, width, d_out] = problem.shape;
  const auto map = mixer.MakeReference(problem, Load(mixer, problem, operands));
  const bool varies = mixer.VariesByChannel(problem);
  std::vector<double> column(tokens), x(width);
  Sums y(rows.size() * width, 0);
  for (int64_t k = 0; k < tokens; ++k) {
    operands.Row("x", k, 0, absl::MakeSpan(x));
    if (!varies) map->Row(0, k, absl::MakeSpan(column));
    for (int64_t c = 0; c < width; ++c) {
      if (varies) map->Row(c, k, absl::MakeSpan(column));
      const long double factor = x[c];
      for (size_t i = 0; i < rows.size(); ++i) y[i * width + c] += column[rows[i]] * factor;
    }
  }
  return {y.begin(), y.end()};
}

// y v = X (M v). The error of y[i,j] is bounded by u sqrt(k) |x_i| |m_j|, and v adds those of a row
// as independent terms: |x_i| sqrt(sum_j |m_j|^2 v_j^2).
Operator::Projection ProjectChannels(const Mixer& mixer, const Problem& problem,
                                     const Operands& operands, absl::Span<const double> v,
                                     Rows rows) {
  const auto [tokens, d_in, d_out] = problem.shape;
  const auto map = mixer.MakeReference(problem, Load(mixer, problem, operands));
  std::vector<double> row(d_out), x(d_in);
  std::vector<long double> mv(d_in, 0);  // a sum in float64 would round more often than f64 maps do
  double weight = 0;
  for (int64_t k = 0; k < d_in; ++k) {
    map->Row(0, k, absl::MakeSpan(row));
    for (int64_t j = 0; j < d_out; ++j) {
      const double term = row[j] * v[j];
      mv[k] += static_cast<long double>(row[j]) * v[j];
      weight += term * term;
    }
  }
  Operator::Projection projection;
  for (const int64_t i : rows) {
    operands.Row("x", i, 0, absl::MakeSpan(x));
    long double value = 0;
    double square = 0;
    for (int64_t k = 0; k < d_in; ++k) {
      value += x[k] * mv[k];
      square += x[k] * x[k];
    }
    projection.value.push_back(static_cast<double>(value));
    projection.magnitude.push_back(std::sqrt(square * weight));
  }
  return projection;
}

// Y v = M (X v) for a shared M; where M varies, channel by channel. Magnitudes as above, the
// vectors being columns: |m_i| sqrt(sum_c |x_c|^2 v_c^2).
Operator::Projection ProjectTokens(const Mixer& mixer, const Problem& problem,
                                   const Operands& operands, absl::Span<const double> v,
                                   Rows rows) {
  const auto [tokens, width, d_out] = problem.shape;
  const auto map = mixer.MakeReference(problem, Load(mixer, problem, operands));
  const bool varies = mixer.VariesByChannel(problem);
  std::vector<double> column(tokens), x(width), squares(rows.size(), 0.0);
  std::vector<long double> values(rows.size(), 0);
  double size = 0;
  for (int64_t k = 0; k < tokens; ++k) {
    operands.Row("x", k, 0, absl::MakeSpan(x));
    long double xv = 0;
    double xv_square = 0;
    for (int64_t c = 0; c < width; ++c) {
      xv += static_cast<long double>(x[c]) * v[c];
      xv_square += x[c] * v[c] * x[c] * v[c];
    }
    size += xv_square;
    for (int64_t c = 0; c < (varies ? width : 1); ++c) {
      if (varies && v[c] == 0) continue;
      map->Row(c, k, absl::MakeSpan(column));
      for (size_t i = 0; i < rows.size(); ++i) {
        const double m = column[rows[i]];
        values[i] += m * (varies ? static_cast<long double>(x[c]) * v[c] : xv);
        squares[i] += m * m;
      }
    }
  }
  // Where M varies, `squares` adds the channels' own rows of M: the mean is what one of them has.
  const double channels = varies ? static_cast<double>(width) : 1.0;
  Operator::Projection projection;
  projection.value.assign(values.begin(), values.end());
  for (const double square : squares)
    projection.magnitude.push_back(std::sqrt(square / channels * size));
  return projection;
}

// All of one tensor, row-major.
std::vector<double> Whole(const Operands& operands, absl::string_view tensor, int64_t rows,
                          int64_t cols) {
  std::vector<double> values(static_cast<size_t>(rows * cols));
  for (int64_t i = 0; i < rows; ++i)
    operands.Row(tensor, i, 0, absl::MakeSpan(values).subspan(i * cols, cols));
  return values;
}

bool AllZero(absl::Span<const double> values) {
  return std::all_of(values.begin(), values.end(), [](double value) { return value == 0; });
}

// sum over n, k, j of X[n,k] M[k,j] dY[n,j].
double PairChannels(const ReferenceMap& map, const Problem& problem, const Operands& operands) {
  const auto [tokens, d_in, d_out] = problem.shape;
  const std::vector<double> x = Whole(operands, "x", tokens, d_in);
  const std::vector<double> dy = Whole(operands, "dy", tokens, d_out);
  std::vector<double> row(d_out), gradient(d_out);
  long double sum = 0;
  for (int64_t k = 0; k < d_in; ++k) {
    map.Row(0, k, absl::MakeSpan(row));
    if (AllZero(row)) continue;
    std::fill(gradient.begin(), gradient.end(), 0.0);
    for (int64_t n = 0; n < tokens; ++n) {
      const double factor = x[n * d_in + k];
      if (factor == 0) continue;
      for (int64_t j = 0; j < d_out; ++j) gradient[j] += factor * dy[n * d_out + j];
    }
    for (int64_t j = 0; j < d_out; ++j) sum += static_cast<long double>(row[j]) * gradient[j];
  }
  return static_cast<double>(sum);
}

// sum over c, k, i of X[k,c] M_c[i,k] dY[i,c]; `channels` are those to add up.
double PairTokens(const ReferenceMap& map, bool varies, const Problem& problem,
                  const Operands& operands, Rows channels) {
  const auto [tokens, width, d_out] = problem.shape;
  const std::vector<double> x = Whole(operands, "x", tokens, width);
  const std::vector<double> dy = Whole(operands, "dy", tokens, width);
  std::vector<double> column(tokens), weighted(width);
  long double sum = 0;
  for (int64_t k = 0; k < tokens; ++k) {
    if (AllZero(absl::MakeSpan(x).subspan(k * width, width))) continue;
    if (varies) {
      for (const int64_t c : channels) {
        map.Row(c, k, absl::MakeSpan(column));
        long double dot = 0;
        for (int64_t i = 0; i < tokens; ++i)
          dot += static_cast<long double>(column[i]) * dy[i * width + c];
        sum += dot * x[k * width + c];
      }
      continue;
    }
    map.Row(0, k, absl::MakeSpan(column));
    std::fill(weighted.begin(), weighted.end(), 0.0);
    for (int64_t i = 0; i < tokens; ++i) {
      if (column[i] == 0) continue;
      for (int64_t c = 0; c < width; ++c) weighted[c] += column[i] * dy[i * width + c];
    }
    for (int64_t c = 0; c < width; ++c)
      sum += static_cast<long double>(weighted[c]) * x[k * width + c];
  }
  return static_cast<double>(sum);
}

}  // namespace

double Mixer::ReferenceDerivative(const Problem& problem, const Operands& operands,
                                  const Change& change) const {
  const ChangedOperands changed(operands, change, 1.0, /*keep=*/false);
  const auto map = MakeReference(problem, Load(*this, problem, changed));
  if (!MixesTokens(problem)) {
    if (change.tensor != "x") return PairChannels(*map, problem, changed);
    const std::vector<double> y = ReferenceRows(problem, changed, change.rows);
    std::vector<double> dy(problem.shape.d_out);
    long double sum = 0;
    for (size_t i = 0; i < change.rows.size(); ++i) {
      operands.Row("dy", change.rows[i], 0, absl::MakeSpan(dy));
      for (size_t j = 0; j < dy.size(); ++j)
        sum += static_cast<long double>(dy[j]) * y[i * dy.size() + j];
    }
    return static_cast<double>(sum);
  }
  const bool varies = VariesByChannel(problem);
  std::vector<int64_t> channels = change.cols;
  if (change.tensor != "x" && !varies) channels.clear();
  return PairTokens(*map, varies, problem, changed, channels);
}

std::vector<double> Mixer::ReferenceRows(const Problem& problem, const Operands& operands,
                                         absl::Span<const int64_t> rows) const {
  return MixesTokens(problem) ? TokenRows(*this, problem, operands, rows)
                              : ChannelRows(*this, problem, operands, rows);
}

Operator::Projection Mixer::ReferenceProjection(const Problem& problem, const Operands& operands,
                                                absl::Span<const double> v,
                                                absl::Span<const int64_t> rows) const {
  return MixesTokens(problem) ? ProjectTokens(*this, problem, operands, v, rows)
                              : ProjectChannels(*this, problem, operands, v, rows);
}

}  // namespace basisbench
