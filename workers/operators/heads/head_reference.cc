// SPDX-License-Identifier: Apache-2.0
// The reference of every head mixer: head by head from its definition, in float64.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "workers/operators/heads/head_mixer.h"
#include "workers/operators/operands.h"

namespace basisbench {
namespace {

// Central differences as in Operator::ReferenceDerivative.
constexpr double kStep = 1e-3;

HeadValues Load(const HeadMixer& mixer, const Problem& problem, const Operands& operands,
                int64_t head) {
  HeadValues values;
  for (const HeadTensor& input : mixer.Inputs(problem)) {
    values.emplace_back(static_cast<size_t>(problem.shape.tokens * input.width));
    for (int64_t row = 0; row < problem.shape.tokens; ++row) {
      operands.Row(
          input.name, row, head / input.shared * input.width,
          absl::MakeSpan(values.back())
              .subspan(static_cast<size_t>(row * input.width), static_cast<size_t>(input.width)));
    }
  }
  return values;
}

std::vector<int64_t> AllRows(const Problem& problem) {
  std::vector<int64_t> rows(static_cast<size_t>(problem.shape.tokens));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

// What a change adds to one head's values of an input, times a factor.
void AddChange(const Operator::Change& change, int64_t head, int64_t width, double factor,
               std::vector<double>& values) {
  for (size_t i = 0; i < change.rows.size(); ++i) {
    for (size_t j = 0; j < change.cols.size(); ++j) {
      const int64_t col = change.cols[j] - head * width;
      if (col >= 0 && col < width)
        values[change.rows[i] * width + col] += factor * change.values[i * change.cols.size() + j];
    }
  }
}

// <dY, Y> over some rows of one head.
long double Pairing(const HeadMixer& mixer, const Problem& problem, const HeadValues& values,
                    const std::vector<double>& dy, absl::Span<const int64_t> rows) {
  const HeadRows out = mixer.ReferenceHead(problem, values, rows);
  long double sum = 0;
  for (size_t i = 0; i < out.y.size(); ++i) sum += static_cast<long double>(dy[i]) * out.y[i];
  return sum;
}

}  // namespace

std::vector<double> HeadMixer::ReferenceRows(const Problem& problem, const Operands& operands,
                                             absl::Span<const int64_t> rows) const {
  const int64_t width = OutputWidth(problem), d_out = problem.shape.d_out;
  std::vector<double> y(rows.size() * static_cast<size_t>(d_out));
  for (int64_t head = 0; head < Heads(problem); ++head) {
    const HeadRows out = ReferenceHead(problem, Load(*this, problem, operands, head), rows);
    for (size_t i = 0; i < rows.size(); ++i)
      std::copy_n(out.y.begin() + static_cast<int64_t>(i) * width, width,
                  y.begin() + static_cast<int64_t>(i) * d_out + head * width);
  }
  return y;
}

Operator::Projection HeadMixer::ReferenceProjection(const Problem& problem,
                                                    const Operands& operands,
                                                    absl::Span<const double> v,
                                                    absl::Span<const int64_t> rows) const {
  const auto width = static_cast<size_t>(OutputWidth(problem));
  std::vector<long double> values(rows.size(), 0);
  std::vector<double> squares(rows.size(), 0.0);
  for (size_t head = 0; head < static_cast<size_t>(Heads(problem)); ++head) {
    const auto of_head = v.subspan(head * width, width);
    if (std::all_of(of_head.begin(), of_head.end(), [](double weight) { return weight == 0; }))
      continue;
    const HeadRows out =
        ReferenceHead(problem, Load(*this, problem, operands, static_cast<int64_t>(head)), rows);
    for (size_t i = 0; i < rows.size(); ++i) {
      for (size_t j = 0; j < width; ++j) {
        values[i] += static_cast<long double>(out.y[i * width + j]) * of_head[j];
        const double size = out.magnitude[i * width + j] * of_head[j];
        squares[i] += size * size;
      }
    }
  }
  Projection projection;
  projection.value.assign(values.begin(), values.end());
  for (const double square : squares) projection.magnitude.push_back(std::sqrt(square));
  return projection;
}

// As the default, but only for the heads that the change touches, and where rows of Y depend on
// their own row of the tensor only, for those.
double HeadMixer::ReferenceDerivative(const Problem& problem, const Operands& operands,
                                      const Change& change) const {
  const std::vector<HeadTensor> inputs = Inputs(problem);
  const auto index = static_cast<size_t>(
      std::find_if(inputs.begin(), inputs.end(),
                   [&](const HeadTensor& input) { return input.name == change.tensor; }) -
      inputs.begin());
  const int64_t width = inputs[index].width, shared = inputs[index].shared,
                out_width = OutputWidth(problem);
  std::set<int64_t> heads;
  for (const int64_t col : change.cols) {
    for (int64_t sharer = 0; sharer < shared; ++sharer) heads.insert(col / width * shared + sharer);
  }
  const std::vector<int64_t> rows = IsRowWise(change.tensor) ? change.rows : AllRows(problem);
  long double derivative = 0;
  for (const int64_t head : heads) {
    HeadValues values = Load(*this, problem, operands, head);
    std::vector<double> dy(rows.size() * static_cast<size_t>(out_width));
    for (size_t i = 0; i < rows.size(); ++i)
      operands.Row("dy", rows[i], head * out_width,
                   absl::MakeSpan(dy).subspan(i * out_width, out_width));
    std::vector<double>& changed = values[index];
    const std::vector<double> kept =
        IsLinearIn(change.tensor) ? std::vector<double>(changed.size(), 0.0) : changed;
    const auto at = [&](double factor) {
      changed = kept;
      AddChange(change, head / shared, width, factor, changed);
      return Pairing(*this, problem, values, dy, rows);
    };
    derivative +=
        IsLinearIn(change.tensor)
            ? at(1)
            : (8 * (at(kStep) - at(-kStep)) - (at(2 * kStep) - at(-2 * kStep))) / (12 * kStep);
  }
  return static_cast<double>(derivative);
}

}  // namespace basisbench
