// SPDX-License-Identifier: Apache-2.0
// Walsh-Hadamard transform of each token, Y = X H_n / sqrt(n), H_2m = [H_m H_m; H_m -H_m]
// (Sylvester order), n a power of two. Fixed, orthonormal, its own inverse and adjoint: backward is
// the same for dY.
//   FLOPs N n lg n additions. Minimal bytes 2 b N n. Bytes and messages per sharding: the head of
//   each plan's file. Reference: rows of H by Sylvester's doubling, in float64.
#include <algorithm>
#include <bit>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/operators/partition.h"
#include "workers/operators/registry.h"
#include "workers/operators/resolve.h"
#include "workers/operators/wht/wht_plans.h"

namespace basisbench {
namespace {

const std::vector<Sharding>& Shardings() {
  static const auto& shardings =
      *new std::vector<Sharding>{WhtToken(), WhtPairwise(), WhtAllToAll()};
  return shardings;
}

bool IsPowerOfTwo(int64_t n) { return std::has_single_bit(static_cast<uint64_t>(n)); }
int Lg(int64_t n) { return std::countr_zero(static_cast<uint64_t>(n)); }

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "wht";
  description.family = "transform";
  description.axis = "channel";
  description.formula = "Y[i,j] = sum_k X[i,k] (-1)^popcount(j and k) / sqrt(n)";
  description.source = "Sylvester 1867; Fino, Algazi, IEEE Trans. Computers 1976";
  description.flops_formula = "N n lg n";
  description.shardings = NamesOf(Shardings());
  description.dtypes = EveryDtype();
  description.directions = {"forward", "backward"};
  return description;
}

// Words that some rank must send. What a rank holds of X is n/P columns. "pairwise": each other
// rank's columns of Y depend on them through an invertible matrix, so at least N n / P numbers
// leave it or, counting all ranks, arrive. "all_to_all": the rows that others own of Y depend
// one-to-one on the own columns of those rows; backward, the columns that others own of dX on the
// own rows.
double LowerBoundWords(const Problem& problem) {
  const auto [tokens, n, d_out] = problem.shape;
  if (problem.ranks == 1) return 0;
  if (problem.sharding == "pairwise") return static_cast<double>(tokens) * n / problem.ranks;
  double most = 0;
  for (int rank = 0; rank < problem.ranks; ++rank) {
    const int64_t rows = PartOf(tokens, problem.ranks, rank).count;
    const int64_t cols = PartOf(n, problem.ranks, rank).count;
    const int64_t words =
        problem.direction == "backward" ? rows * (n - cols) : (tokens - rows) * cols;
    most = std::max(most, static_cast<double>(words));
  }
  return most;
}

class Wht : public Operator {
 public:
  const OperatorDescription& description() const override { return description_; }

  absl::StatusOr<Problem> Resolve(const Problem& problem) const override {
    BB_ASSIGN_OR_RETURN(Problem resolved, ResolveAgainst(description_, problem));
    BB_RETURN_IF_ERROR(RefuseGrid(resolved));
    BB_RETURN_IF_ERROR(RequireSquare(resolved));
    if (!IsPowerOfTwo(resolved.shape.d_in)) {
      return absl::UnimplementedError(
          absl::StrCat("wht: d_in must be a power of two, not ", resolved.shape.d_in));
    }
    if (resolved.sharding == "pairwise" &&
        (!IsPowerOfTwo(resolved.ranks) || resolved.ranks > resolved.shape.d_in)) {
      return absl::UnimplementedError(absl::StrCat(
          "wht: sharding 'pairwise' needs a power of two of at most d_in = ", resolved.shape.d_in,
          " ranks, not ", resolved.ranks, "; 'all_to_all' takes any number"));
    }
    return resolved;
  }

  OperatorCost Cost(const Problem& problem) const override {
    const double tokens = problem.shape.tokens, n = problem.shape.d_in;
    const int64_t size = DtypeSize(problem.dtype);
    OperatorCost cost;
    // With n = 1 there is no stage, only the scaling.
    cost.flops_executed = tokens * n * std::max(1, Lg(problem.shape.d_in));
    cost.flops_effective = 2.0 * tokens * n * n;
    cost.bytes_min = 2.0 * size * tokens * n;
    DeclareRanks(ShardingOf(Shardings(), problem), problem, cost);
    if (problem.sharding == "token") {
      cost.lower_bound_source = "none: rows do not depend on each other";
    } else {
      cost.wire_bytes_lower_bound = size * LowerBoundWords(problem);
      cost.lower_bound_source = "rank of the map from a rank's columns to what others own";
    }
    return cost;
  }

  double OperandScale(const Problem&, absl::string_view) const override { return 1.0; }

  absl::StatusOr<std::unique_ptr<Plan>> MakePlan(const Problem& problem, Device& device,
                                                 Communicator& communicator) const override {
    return ShardingOf(Shardings(), problem).make_plan(problem, device, communicator);
  }

  std::vector<double> ReferenceRows(const Problem& problem, const Operands& operands,
                                    absl::Span<const int64_t> rows) const override;
  Projection ReferenceProjection(const Problem& problem, const Operands& operands,
                                 absl::Span<const double> v,
                                 absl::Span<const int64_t> rows) const override;
  double ReferenceDerivative(const Problem& problem, const Operands& operands,
                             const Change& change) const override;

  // One per stage, and the scaling with the rounded factor.
  double RoundingGrowth(const Problem& problem) const override {
    return 2.0 + Lg(problem.shape.d_in);
  }

  absl::StatusOr<double> IntegerBound(const Problem& problem) const override {
    if (Lg(problem.shape.d_in) % 2 != 0) {
      return absl::UnimplementedError(
          absl::StrCat("the scale 1/sqrt(", problem.shape.d_in, ") is irrational"));
    }
    // In units of the scale, a power of two: multiplying by it is exact.
    return 2.0 * static_cast<double>(problem.shape.d_in);
  }

 private:
  const OperatorDescription description_ = Describe();
};

// Row k of H_n by Sylvester's doubling.
void HadamardRow(int64_t k, absl::Span<double> row) {
  row[0] = 1;
  for (size_t half = 1; half < row.size(); half *= 2) {
    const double sign = (static_cast<size_t>(k) & half) != 0 ? -1 : 1;
    for (size_t j = 0; j < half; ++j) row[half + j] = sign * row[j];
  }
}

std::vector<double> Wht::ReferenceRows(const Problem& problem, const Operands& operands,
                                       absl::Span<const int64_t> rows) const {
  const int64_t n = problem.shape.d_in;
  const double scale = 1.0 / std::sqrt(static_cast<double>(n));
  std::vector<double> y(rows.size() * n, 0.0), h(n);
  for (int64_t k = 0; k < n; ++k) {
    HadamardRow(k, absl::MakeSpan(h));
    for (size_t i = 0; i < rows.size(); ++i) {
      const double x = operands.At("x", rows[i], k);
      for (int64_t j = 0; j < n; ++j) y[i * n + j] += x * h[j];
    }
  }
  for (double& value : y) value *= scale;
  return y;
}

// A sum of n terms in float64 rounds more often than the lg n stages of a fast transform in f64.
using Wide = long double;

// H_n v as A V B, where V is v as an a x b matrix, A = H_a and B = H_b: Sylvester's matrix is a
// Kronecker product of smaller ones. O(n sqrt n).
std::vector<Wide> HadamardTimes(absl::Span<const double> v) {
  const int64_t n = static_cast<int64_t>(v.size());
  const int64_t a = int64_t{1} << (Lg(n) / 2), b = n / a;
  std::vector<Wide> half(n, 0.0), whole(n, 0.0);
  std::vector<double> h(std::max(a, b));
  for (int64_t k = 0; k < b; ++k) {
    HadamardRow(k, absl::MakeSpan(h).first(b));
    for (int64_t i = 0; i < a; ++i) {
      for (int64_t j = 0; j < b; ++j) half[i * b + j] += v[i * b + k] * h[j];
    }
  }
  for (int64_t k = 0; k < a; ++k) {
    HadamardRow(k, absl::MakeSpan(h).first(a));
    for (int64_t i = 0; i < a; ++i) {
      for (int64_t j = 0; j < b; ++j) whole[i * b + j] += h[i] * half[k * b + j];
    }
  }
  return whole;
}

// y v = x (H v) / sqrt(n). H is orthonormal and every stage rounds, so the error of the n elements
// of a row has a norm of about u sqrt(lg n) |x|, spread evenly: |x| |v| / sqrt(n) in the
// projection.
Operator::Projection Wht::ReferenceProjection(const Problem& problem, const Operands& operands,
                                              absl::Span<const double> v,
                                              absl::Span<const int64_t> rows) const {
  const int64_t n = problem.shape.d_in;
  const double scale = 1.0 / std::sqrt(static_cast<double>(n));
  const std::vector<Wide> hv = HadamardTimes(v);
  double weight = 0;
  for (const double value : v) weight += value * value;
  std::vector<double> x(n);
  Projection projection;
  for (const int64_t row : rows) {
    operands.Row("x", row, 0, absl::MakeSpan(x));
    Wide value = 0;
    double square = 0;
    for (int64_t k = 0; k < n; ++k) {
      value += x[k] * hv[k];
      square += x[k] * x[k];
    }
    projection.value.push_back(static_cast<double>(scale * value));
    projection.magnitude.push_back(scale * std::sqrt(square * weight));
  }
  return projection;
}

// <dY, change H> = <dY H, change>, row by row.
double Wht::ReferenceDerivative(const Problem& problem, const Operands& operands,
                                const Change& change) const {
  std::vector<double> dy(problem.shape.d_in);
  const size_t width = change.cols.size();
  Wide sum = 0;
  for (size_t i = 0; i < change.rows.size(); ++i) {
    operands.Row("dy", change.rows[i], 0, absl::MakeSpan(dy));
    const std::vector<Wide> transformed = HadamardTimes(dy);
    for (size_t j = 0; j < width; ++j)
      sum += transformed[change.cols[j]] * change.values[i * width + j];
  }
  return static_cast<double>(sum / std::sqrt(static_cast<Wide>(problem.shape.d_in)));
}

const RegisterOperator kRegister(std::make_unique<Wht>());

}  // namespace
}  // namespace basisbench
