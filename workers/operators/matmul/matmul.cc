// SPDX-License-Identifier: Apache-2.0
// Dense matrix product Y = X W, the operator everything else is compared with.
//   FLOPs 2 N K M. Minimal bytes b(NK + KM + NM). Bytes and messages per sharding: the head of each
//   plan's file. Reference: the triple sum in float64.
// Backward dX = dY W^T and dW = X^T dY: FLOPs 4 N K M, minimal bytes b(2NK + 2KM + NM).
#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/operators/matmul/matmul_plans.h"
#include "workers/operators/partition.h"
#include "workers/operators/registry.h"

namespace basisbench {
namespace {

const std::vector<Sharding>& Shardings() {
  static const auto& shardings = *new std::vector<Sharding>{
      MatMulToken(), MatMulColumn(), MatMulRow(), MatMulRowScatter(), MatMulSumma(), MatMulDeep()};
  return shardings;
}

// Al Daas, Ballard, Grigori, Kumar, Rouse, "Tight memory-independent parallel matrix multiplication
// communication lower bounds" (SPAA 2022): words that some rank must receive of the inputs or send
// of partial sums, when one copy of the operands is spread evenly at the start. The three cases are
// one-, two- and three-dimensional grids.
double LowerBoundWords(const Problem& problem) {
  double sizes[] = {static_cast<double>(problem.shape.tokens),
                    static_cast<double>(problem.shape.d_in),
                    static_cast<double>(problem.shape.d_out)};
  std::sort(std::begin(sizes), std::end(sizes), std::greater<>());
  const auto [m, n, k] = sizes;
  const double ranks = problem.ranks;
  double accessed;
  if (ranks <= m / n) {
    accessed = (m * n + m * k) / ranks + n * k;
  } else if (ranks <= m * n / (k * k)) {
    accessed = 2 * std::sqrt(m * n * k * k / ranks) + m * n / ranks;
  } else {
    accessed = 3 * std::pow(m * n * k / ranks, 2.0 / 3.0);
  }
  return std::max(0.0, accessed - (m * n + m * k + n * k) / ranks);
}

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "matmul";
  description.family = "dense";
  description.axis = "channel";
  description.formula = "Y[i,j] = sum_k X[i,k] W[k,j]";
  description.source = "definition";
  description.flops_formula = "2 N K M";
  description.shardings = NamesOf(Shardings());
  description.dtypes = EveryDtype();
  description.directions = {"forward", "backward"};
  return description;
}

class MatMul : public Operator {
 public:
  const OperatorDescription& description() const override { return description_; }

  // One product for each output; several ranks would send, and add up, halves.
  bool PlansInHalves(const Problem& problem) const override {
    return problem.ranks == 1 && problem.sharding == "token";
  }

  absl::StatusOr<Problem> Resolve(const Problem& problem) const override {
    BB_ASSIGN_OR_RETURN(Problem resolved, ResolveAgainst(description_, problem));
    const bool deep = resolved.sharding == "summa_2_5d";
    if (resolved.sharding != "summa" && !deep) {
      BB_RETURN_IF_ERROR(RefuseGrid(resolved));
      return resolved;
    }
    if (deep) {
      DeepGrid grid = BestDeepGrid(resolved);
      if (!resolved.grid.empty()) {
        BB_ASSIGN_OR_RETURN(grid, ParseDeepGrid(resolved.grid, resolved));
      }
      resolved.grid = absl::StrCat(grid.rows, "x", grid.cols, "x", grid.depth);
      return resolved;
    }
    ProcessGrid grid = BestSummaGrid(resolved);
    if (!resolved.grid.empty()) {
      BB_ASSIGN_OR_RETURN(grid, ParseGrid(resolved.grid, resolved.ranks));
    }
    resolved.grid = absl::StrCat(grid.rows, "x", grid.cols);
    return resolved;
  }

  std::vector<TensorShape> Tensors(const Problem& problem) const override {
    const auto [tokens, d_in, d_out] = problem.shape;
    return {{"x", tokens, d_in}, {"w", d_in, d_out}};
  }

  OperatorCost Cost(const Problem& problem) const override {
    const bool backward = problem.direction == "backward";
    const double n = problem.shape.tokens, k = problem.shape.d_in, m = problem.shape.d_out;
    const int64_t size = DtypeSize(problem.dtype);
    OperatorCost cost;
    cost.parameters = problem.shape.d_in * problem.shape.d_out;
    cost.flops_executed = cost.flops_effective = (backward ? 4.0 : 2.0) * n * k * m;
    cost.bytes_min = size * ((backward ? 2.0 : 1.0) * (n * k + k * m) + n * m);
    DeclareRanks(ShardingOf(Shardings(), problem), problem, cost);
    if (backward) {
      cost.lower_bound_source = "none known for two products that share operands";
    } else if (problem.sharding == "token") {
      cost.lower_bound_source = "none: every rank starts with the whole of W";
    } else {
      cost.wire_bytes_lower_bound = size * LowerBoundWords(problem);
      cost.lower_bound_source = "Al Daas et al. 2022, memory-independent";
    }
    return cost;
  }

  double OperandScale(const Problem& problem, absl::string_view tensor) const override {
    return tensor == "w" ? 1.0 / std::sqrt(static_cast<double>(problem.shape.d_in)) : 1.0;
  }

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

  // A sum of K products takes K roundings; backward the sums are over M and N.
  double RoundingGrowth(const Problem& problem) const override {
    const auto [tokens, d_in, d_out] = problem.shape;
    return problem.direction == "backward" ? std::max(tokens, d_out) : d_in;
  }

  absl::StatusOr<double> IntegerBound(const Problem& problem) const override {
    return 4.0 * static_cast<double>(problem.shape.d_in);
  }

 private:
  const OperatorDescription description_ = Describe();
};

std::vector<double> MatMul::ReferenceRows(const Problem& problem, const Operands& operands,
                                          absl::Span<const int64_t> rows) const {
  const auto [tokens, d_in, d_out] = problem.shape;
  std::vector<double> y(rows.size() * d_out, 0.0), w(d_out);
  for (int64_t k = 0; k < d_in; ++k) {
    operands.Row("w", k, 0, absl::MakeSpan(w));
    for (size_t i = 0; i < rows.size(); ++i) {
      const double x = operands.At("x", rows[i], k);
      for (int64_t j = 0; j < d_out; ++j) y[i * d_out + j] += x * w[j];
    }
  }
  return y;
}

// y v = X (W v). The rounding error of y[i,j] is bounded by u sqrt(K) |x_i| |w_j| (Cauchy-Schwarz
// on the sum of absolute values), and v adds those of a row as independent terms: |x_i| sqrt(sum_j
// |w_j|^2 v_j^2).
Operator::Projection MatMul::ReferenceProjection(const Problem& problem, const Operands& operands,
                                                 absl::Span<const double> v,
                                                 absl::Span<const int64_t> rows) const {
  const auto [tokens, d_in, d_out] = problem.shape;
  int64_t first = 0, last = d_out;  // v is often zero outside of one rank's columns
  while (first < last && v[first] == 0) ++first;
  while (last > first && v[last - 1] == 0) --last;
  std::vector<double> w(last - first), wv(d_in, 0.0), x(d_in);
  double weight = 0;
  for (int64_t k = 0; k < d_in; ++k) {
    operands.Row("w", k, first, absl::MakeSpan(w));
    for (int64_t j = first; j < last; ++j) {
      const double term = w[j - first] * v[j];
      wv[k] += term;
      weight += term * term;
    }
  }
  Projection projection;
  for (const int64_t row : rows) {
    operands.Row("x", row, 0, absl::MakeSpan(x));
    double value = 0, square = 0;
    for (int64_t k = 0; k < d_in; ++k) {
      value += x[k] * wv[k];
      square += x[k] * x[k];
    }
    projection.value.push_back(value);
    projection.magnitude.push_back(std::sqrt(square * weight));
  }
  return projection;
}

// Of a change D of X, sum_ik D[i,k] <w_k, dy_i>; of W, sum_n <x_n D, dy_n>.
double MatMul::ReferenceDerivative(const Problem& problem, const Operands& operands,
                                   const Change& change) const {
  const auto [tokens, d_in, d_out] = problem.shape;
  const size_t height = change.rows.size(), width = change.cols.size();
  long double sum = 0;
  if (change.tensor == "x") {
    std::vector<double> dy(height * d_out), w(d_out);
    for (size_t i = 0; i < height; ++i)
      operands.Row("dy", change.rows[i], 0, absl::MakeSpan(dy).subspan(i * d_out, d_out));
    for (size_t j = 0; j < width; ++j) {
      operands.Row("w", change.cols[j], 0, absl::MakeSpan(w));
      for (size_t i = 0; i < height; ++i) {
        long double dot = 0;
        for (int64_t m = 0; m < d_out; ++m)
          dot += static_cast<long double>(w[m]) * dy[i * d_out + m];
        sum += dot * change.values[i * width + j];
      }
    }
    return static_cast<double>(sum);
  }
  std::vector<double> x(d_in), dy(d_out), xd(width);
  for (int64_t n = 0; n < tokens; ++n) {
    operands.Row("x", n, 0, absl::MakeSpan(x));
    operands.Row("dy", n, 0, absl::MakeSpan(dy));
    std::fill(xd.begin(), xd.end(), 0.0);
    for (size_t i = 0; i < height; ++i) {
      const double factor = x[change.rows[i]];
      for (size_t j = 0; j < width; ++j) xd[j] += factor * change.values[i * width + j];
    }
    for (size_t j = 0; j < width; ++j) sum += static_cast<long double>(xd[j]) * dy[change.cols[j]];
  }
  return static_cast<double>(sum);
}

const RegisterOperator kRegister(std::make_unique<MatMul>());

}  // namespace
}  // namespace basisbench
