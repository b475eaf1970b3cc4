// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/validation.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/operators/finding.h"
#include "workers/operators/operands.h"
#include "workers/operators/stored.h"

namespace basisbench {
namespace {

// Weights of the exact check are integers below this: an error escapes one vector with a chance of
// about 1 in 8000.
constexpr double kIntegerWeights = 4096;

// Whole rows that the exact check compares element by element, per rank.
constexpr size_t kExactRows = 4;

// Random weights of one projection; zero outside of the shard's columns.
std::vector<double> Weights(const Problem& problem, const Shard& output, const TensorValues& values,
                            bool integers) {
  std::vector<double> v(problem.shape.d_out, 0.0);
  for (const int64_t col : output.cols) {
    const double value = values.At(0, col);
    v[col] = integers ? std::floor(value * kIntegerWeights) + 0.0 : value;
  }
  return v;
}

// Those of the shard's columns.
std::vector<double> OfColumns(const std::vector<double>& v, const Shard& output) {
  std::vector<double> own;
  for (const int64_t col : output.cols) own.push_back(v[static_cast<size_t>(col)]);
  return own;
}

double RootMeanSquare(absl::Span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return values.empty() ? 0.0 : std::sqrt(sum / static_cast<double>(values.size()));
}

// Residuals in units of the error model; what is far beyond rounding, in units that exceed every
// tolerance.
void CompareRows(const Operator::Projection& reference, const RowProjections& z,
                 const Shard& output, double unit, double tolerance, Finding& finding) {
  // A projection may be small by chance; the terms of it are not.
  const double largest_error =
      kLargestShare * std::max(RootMeanSquare(reference.value), RootMeanSquare(z.size));
  for (size_t i = 0; i < z.value.size(); ++i) {
    // Both sides were rounded to float64 at the end, which an f64 output must not be blamed for.
    const double blameless = 0x1p-52 * std::fabs(reference.value[i]);
    const double difference = std::fabs(z.value[i] - reference.value[i]);
    const double error = difference <= blameless ? 0.0 : difference - blameless;  // NaN stays NaN
    finding.error_squares += error * error;
    finding.reference_squares += reference.value[i] * reference.value[i];
    // A row whose magnitude is 0 consists of exact zeros.
    double residual = error == 0 ? 0.0 : error / (unit * reference.magnitude[i]);
    if (error > largest_error) residual = std::max(residual, tolerance * error / largest_error);
    Worsen(finding, residual, output.rows[i]);
  }
}

void CompareWholeRows(const Operator& op, const Problem& problem, const Operands& operands,
                      const Shard& output, OutputReader& reader, Finding& finding) {
  const size_t count = std::min(kExactRows, output.rows.size());
  if (count == 0) return;
  std::vector<size_t> local;  // spread evenly, first and last among them
  for (size_t i = 0; i < count; ++i)
    local.push_back(i * (output.rows.size() - 1) / std::max<size_t>(1, count - 1));
  std::vector<int64_t> rows;
  for (const size_t i : local) rows.push_back(output.rows[i]);
  const std::vector<double> y = op.ReferenceRows(problem, operands, rows);
  const std::vector<double> elements = reader.Rows(output, local);
  for (size_t r = 0; r < count; ++r) {
    for (size_t j = 0; j < output.cols.size(); ++j) {
      const double reference = y[r * problem.shape.d_out + output.cols[j]];
      const double value = elements[r * output.cols.size() + j];
      Worsen(finding, std::fabs(value - reference), rows[r]);
    }
  }
}

}  // namespace

void PoisonOutput(const Shard& output) {
  for (size_t i = 0; i < output.rows.size(); ++i) {
    for (size_t j = 0; j < output.cols.size(); ++j)
      StoreElement(output.dtype, output.data,
                   static_cast<int64_t>(i) * output.leading + static_cast<int64_t>(j),
                   std::nan(""));
  }
}

absl::StatusOr<ValidationReport> CheckProjection(const Operator& op, const Problem& problem,
                                                 const Operands& operands, const Shard& output,
                                                 OutputReader& reader, Communicator& communicator,
                                                 const ValidationOptions& options) {
  const double unit = UnitRoundoff(problem.dtype) * std::sqrt(Roundings(op, problem));
  Finding finding;
  for (int vector = 0; vector < options.vectors && !output.cols.empty(); ++vector) {
    const TensorValues values(options.seed + vector, "projection", Distribution::kNormal);
    const std::vector<double> v = Weights(problem, output, values, false);
    const auto reference = op.ReferenceProjection(problem, operands, v, output.rows);
    CompareRows(reference, reader.Project(output, OfColumns(v, output)), output, unit,
                options.tolerance, finding);
  }
  return WorstOfAll(finding, options.tolerance, communicator);
}

absl::Status CanCheckExactly(const Operator& op, const Problem& problem) {
  if (problem.direction != "forward")
    return absl::UnimplementedError("exact integers are for the forward direction");
  BB_ASSIGN_OR_RETURN(const double bound, op.IntegerBound(problem));
  const double exact_below = 1.0 / UnitRoundoff(problem.dtype);
  if (bound > exact_below) {
    return absl::UnimplementedError(absl::StrCat(
        "values up to ", bound, " are not all representable in ", DtypeName(problem.dtype)));
  }
  // The projection in float64 has to be exact too.
  if (bound * kIntegerWeights * static_cast<double>(problem.shape.d_out) > 0x1p53) {
    return absl::UnimplementedError(absl::StrCat("sums of ", problem.shape.d_out, " values up to ",
                                                 bound, " cannot be checked exactly in f64"));
  }
  return absl::OkStatus();
}

absl::StatusOr<ValidationReport> CheckExact(const Operator& op, const Problem& problem,
                                            const Operands& operands, const Shard& output,
                                            OutputReader& reader, Communicator& communicator,
                                            const ValidationOptions& options) {
  BB_RETURN_IF_ERROR(CanCheckExactly(op, problem));
  Finding finding;
  for (int vector = 0; vector < options.vectors && !output.cols.empty(); ++vector) {
    const TensorValues values(options.seed + vector, "exact projection", Distribution::kUniform);
    const std::vector<double> v = Weights(problem, output, values, true);
    const auto reference = op.ReferenceProjection(problem, operands, v, output.rows);
    const std::vector<double> z = reader.Project(output, OfColumns(v, output)).value;
    for (size_t i = 0; i < z.size(); ++i)
      Worsen(finding, std::fabs(z[i] - reference.value[i]), output.rows[i]);
  }
  CompareWholeRows(op, problem, operands, output, reader, finding);
  return WorstOfAll(finding, 0.0, communicator);
}

absl::Status CheckTraffic(const TrafficTable& declared, const TrafficTable& before,
                          const TrafficTable& after, int64_t iterations) {
  for (int i = 0; i < kCollectiveCount; ++i) {
    const int64_t calls = after[i].calls - before[i].calls;
    const int64_t messages = after[i].messages_sent - before[i].messages_sent;
    const int64_t bytes = after[i].bytes_sent - before[i].bytes_sent;
    if (calls == declared[i].calls * iterations &&
        messages == declared[i].messages_sent * iterations &&
        bytes == declared[i].bytes_sent * iterations) {
      continue;
    }
    return absl::InternalError(
        absl::StrCat(CollectiveName(static_cast<Collective>(i)), ": counted ", calls, " calls, ",
                     messages, " messages, ", bytes, " bytes in ", iterations,
                     " runs; declared per run: ", declared[i].calls, " calls, ",
                     declared[i].messages_sent, " messages, ", declared[i].bytes_sent, " bytes"));
  }
  return absl::OkStatus();
}

}  // namespace basisbench
