// SPDX-License-Identifier: Apache-2.0
// CheckGradients and what depends on the direction in validation.h.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "absl/strings/strip.h"
#include "services/base/status_macros.h"
#include "workers/operators/finding.h"
#include "workers/operators/operands.h"
#include "workers/operators/stored.h"

namespace basisbench {
namespace {

// Rows of dX that one change touches: they are independent of each other.
constexpr size_t kChangedRows = 8;

// A change touches all of a weight up to this many elements, and this part of a larger one.
constexpr size_t kLargeWeight = size_t{1} << 20;
constexpr size_t kLargeRows = 256, kLargeCols = 64;

// Relative error of the central differences behind gradients of inputs that Y is not linear in.
constexpr double kDifferenceError = 1e-9;

// How many times smaller than the whole vector's a rank's few elements may be by chance.
constexpr double kSmallByChance = 8;

// At most `count` of the indices below `size`, in order, drawn at random.
std::vector<size_t> Draw(size_t size, size_t count, const TensorValues& uniform, int64_t stream) {
  std::vector<size_t> drawn(size);
  std::iota(drawn.begin(), drawn.end(), size_t{0});
  if (size <= count) return drawn;
  for (size_t i = 0; i < count; ++i) {
    const double at = 0.5 * (uniform.At(stream, static_cast<int64_t>(i)) + 1);
    std::swap(drawn[i], drawn[i + static_cast<size_t>(at * static_cast<double>(size - i))]);
  }
  drawn.resize(count);
  std::sort(drawn.begin(), drawn.end());
  return drawn;
}

// Local rows and columns of a gradient.
struct Drawn {
  std::vector<size_t> rows, cols;
};

Drawn DrawPart(const Shard& gradient, uint64_t seed) {
  const TensorValues uniform(seed, "drawn", Distribution::kUniform);
  const size_t rows = gradient.rows.size(), cols = gradient.cols.size();
  const bool large = rows * cols > kLargeWeight;
  size_t most_rows = large ? kLargeRows : rows;
  if (gradient.tensor == "dx") most_rows = kChangedRows;
  return {Draw(rows, most_rows, uniform, 0),
          Draw(cols, large && gradient.tensor != "dx" ? kLargeCols : cols, uniform, 1)};
}

// One gradient of this rank on one random change.
struct Pairing {
  Operator::Change change;
  double value = 0;   // sum of change times gradient
  double square = 0;  // sum of squares of the part of the gradient that is changed
  double unit = 0;    // relative error that rounding allows
};

Pairing PairWithRandom(const Operator& op, const Problem& problem, const Shard& gradient,
                       OutputReader& reader, uint64_t seed) {
  const Drawn drawn = DrawPart(gradient, seed);
  Pairing pairing;
  Operator::Change& change = pairing.change;
  change.tensor = std::string(absl::StripPrefix(gradient.tensor, "d"));
  for (const size_t j : drawn.cols) change.cols.push_back(gradient.cols[j]);
  const TensorValues values(seed, gradient.tensor, Distribution::kNormal);
  const std::vector<double> elements = reader.Rows(gradient, drawn.rows);
  long double sum = 0;
  for (size_t row = 0; row < drawn.rows.size(); ++row) {
    const size_t i = drawn.rows[row];
    change.rows.push_back(gradient.rows[i]);
    for (const size_t j : drawn.cols) {
      const double weight = values.At(gradient.rows[i], gradient.cols[j]);
      const double element = elements[row * gradient.cols.size() + j];
      change.values.push_back(weight);
      sum += static_cast<long double>(weight) * element;
      pairing.square += element * element;
    }
  }
  pairing.value = static_cast<double>(sum);
  pairing.unit = UnitRoundoff(problem.dtype) * std::sqrt(Roundings(op, problem)) +
                 (op.IsLinearIn(change.tensor) ? 0.0 : kDifferenceError);
  return pairing;
}

// Root mean square of a gradient's elements over all ranks: what is rounded on the way to an
// element is as large as the whole vector, of which a rank may hold a small part. Collective.
absl::StatusOr<double> TypicalElement(const Pairing& pairing, Communicator& communicator) {
  double sums[] = {pairing.square, static_cast<double>(pairing.change.values.size())};
  BB_RETURN_IF_ERROR(communicator.AllReduce(Dtype::kF64, sums, 2));
  return sums[1] > 0 ? std::sqrt(sums[0] / sums[1]) : 0.0;
}

void Compare(const Operator& op, const Problem& problem, const Operands& operands,
             const Pairing& pairing, double typical, double tolerance, Finding& finding) {
  const Operator::Change& change = pairing.change;
  const double expected = op.ReferenceDerivative(problem, operands, change);
  // Both sides were rounded to float64 at the end, which an f64 gradient must not be blamed for.
  const double blameless = 0x1p-52 * std::fabs(expected);
  const double difference = std::fabs(pairing.value - expected);
  const double error = difference <= blameless ? 0.0 : difference - blameless;  // NaN stays NaN
  finding.error_squares += error * error;
  finding.reference_squares += expected * expected;
  const double norm = std::sqrt(pairing.square);
  const double elements = std::sqrt(static_cast<double>(change.values.size()));
  const double terms = op.GradientTerms(problem, change.tensor) * elements;
  const double whole = std::min(typical * elements, kSmallByChance * norm);
  const double smallest_error = pairing.unit * std::max({norm, terms, whole});
  double residual = error == 0 ? 0.0 : error / smallest_error;
  const double largest_error = std::max(kLargestShare * norm, tolerance * smallest_error);
  if (error > largest_error) residual = std::max(residual, tolerance * error / largest_error);
  Worsen(finding, residual, change.rows.front());
}

}  // namespace

absl::StatusOr<ValidationReport> CheckGradients(const Operator& op, const Problem& problem,
                                                const Operands& operands,
                                                absl::Span<const Shard> outputs,
                                                OutputReader& reader, Communicator& communicator,
                                                const ValidationOptions& options) {
  Finding finding;
  for (const Shard& gradient : outputs) {
    for (int vector = 0; vector < options.vectors; ++vector) {
      const Pairing pairing = PairWithRandom(op, problem, gradient, reader,
                                             options.seed + static_cast<uint64_t>(vector));
      BB_ASSIGN_OR_RETURN(const double typical, TypicalElement(pairing, communicator));
      if (pairing.change.values.empty()) continue;  // this rank holds nothing of it
      Compare(op, problem, operands, pairing, typical, options.tolerance, finding);
    }
  }
  return WorstOfAll(finding, options.tolerance, communicator);
}

absl::StatusOr<ValidationReport> CheckOutputs(const Operator& op, const Problem& problem,
                                              const Operands& operands,
                                              absl::Span<const Shard> outputs, OutputReader& reader,
                                              Communicator& communicator,
                                              const ValidationOptions& options) {
  if (problem.direction == "backward")
    return CheckGradients(op, problem, operands, outputs, reader, communicator, options);
  return CheckProjection(op, problem, operands, outputs.front(), reader, communicator, options);
}

TensorShape OutputShape(const Operator& op, const Problem& problem, absl::string_view tensor) {
  for (const TensorShape& input : op.Tensors(problem)) {
    if (tensor == "d" + input.name) return {std::string(tensor), input.rows, input.cols};
  }
  return {std::string(tensor), problem.shape.tokens, problem.shape.d_out};
}

}  // namespace basisbench
