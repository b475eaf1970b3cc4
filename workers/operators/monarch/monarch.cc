// SPDX-License-Identifier: Apache-2.0
// Monarch matrices: two block-diagonal factors with a stride permutation between,
//   y[s B + l] = sum_(k,r) w2[l, s; k, r] sum_p w1[k, r, l; p] x[k P + p],
// B blocks k of P = d_in / B inputs, B blocks l of S = d_out / B outputs, and between each pair (k,
// l) a sub-matrix of rank `depth`. With B = sqrt(n) and depth 1 this is the Monarch matrix of Dao
// et al., "Monarch: expressive structured matrices for efficient and accurate training" (ICML
// 2022); a depth of n / B^2 gives theirs with B < sqrt(n).
//   FLOPs 2 N B depth (d_in + d_out), B depth (d_in + d_out) parameters. Minimal bytes b (N d_in +
//   N d_out + parameters). Bytes and messages: the head of monarch_plan.cc. Reference: the two sums
//   in float64.
// Backward the same for the adjoint and for the gradients, and the first factor once more, whose
// result is not kept: 2 N B depth (3 d_in + 2 d_out); minimal bytes b (2 N d_in + N d_out + 2
// parameters).
// Parameters as matrices: w1 has rows (k, r, l) and columns p; w2 has rows (l, s) and columns (k,
// r).
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/operators/monarch/monarch_plan.h"
#include "workers/operators/operands.h"
#include "workers/operators/partition.h"
#include "workers/operators/registry.h"
#include "workers/operators/resolve.h"

namespace basisbench {
namespace {

constexpr int64_t kMostBlocks = 1 << 16;
constexpr int64_t kMostDepth = 1 << 16;

const std::vector<Sharding>& Shardings() {
  static const auto& shardings = *new std::vector<Sharding>{MonarchToken(), MonarchAllToAll()};
  return shardings;
}

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "monarch";
  description.family = "structured";
  description.axis = "channel";
  description.formula = "Y[i,sB+l] = sum_kr W2[l,s;k,r] sum_p W1[k,r,l;p] X[i,kP+p]";
  description.source = "Dao et al., ICML 2022";
  description.flops_formula = "2 N blocks depth (K + M)";
  description.parameters = {
      {"blocks", "blocks B of each factor; divides d_in and d_out; default: nearest sqrt(min)", "",
       1, kMostBlocks},
      {"depth", "rank of the sub-matrix between two blocks; default: min(d_in, d_out) / B^2", "", 1,
       kMostDepth}};
  description.shardings = NamesOf(Shardings());
  description.dtypes = EveryDtype();
  description.directions = {"forward", "backward"};
  return description;
}

// The common divisor nearest the square root of the smaller side, where the factors are cheapest.
int64_t ChooseBlocks(int64_t d_in, int64_t d_out) {
  const int64_t common = std::gcd(d_in, d_out);
  const double aim = std::sqrt(static_cast<double>(std::min(d_in, d_out)));
  const auto distance = [aim](int64_t blocks) { return std::fabs(std::log(blocks / aim)); };
  int64_t best = 1;
  for (int64_t low = 1; low * low <= common; ++low) {
    if (common % low != 0) continue;
    for (const int64_t blocks : {low, common / low}) {
      if (blocks <= kMostBlocks && distance(blocks) < distance(best)) best = blocks;
    }
  }
  return best;
}

absl::Status ResolveBlocks(Problem& problem) {
  const auto [tokens, d_in, d_out] = problem.shape;
  std::string& text = problem.parameters["blocks"];
  if (text.empty()) {
    const int64_t chosen = ChooseBlocks(d_in, d_out);
    if (chosen == 1 && std::min(d_in, d_out) > 1) {
      return absl::UnimplementedError(
          absl::StrCat("monarch: d_in = ", d_in, " and d_out = ", d_out,
                       " have no common divisor to cut them by; blocks=1 is a dense pair"));
    }
    text = absl::StrCat(chosen);
  }
  int64_t blocks = 0;
  if (!absl::SimpleAtoi(text, &blocks) || d_in % blocks != 0 || d_out % blocks != 0) {
    return absl::UnimplementedError(absl::StrCat(
        "monarch: blocks = ", text, " must divide d_in = ", d_in, " and d_out = ", d_out));
  }
  std::string& depth = problem.parameters["depth"];
  if (depth.empty()) {
    const int64_t fits = std::min(d_in, d_out) / (blocks * blocks);
    depth = absl::StrCat(std::clamp<int64_t>(fits, 1, kMostDepth));
  }
  return absl::OkStatus();
}

// Words that some rank must send, for weights in general position. What a rank's inputs tell the
// others about their outputs is a linear map, and its rank is the smallest of the dimensions it
// passes through.
double LowerBoundWords(const Problem& problem) {
  const MonarchShape shape(problem);
  int64_t most = 0;
  for (int rank = 0; rank < problem.ranks; ++rank) {
    const int64_t own = PartOf(shape.blocks, problem.ranks, rank).count;
    const int64_t others = shape.blocks - own;
    most =
        std::max(most, std::min({own * shape.in, own * shape.depth * others, others * shape.out}));
  }
  return static_cast<double>(problem.shape.tokens) * most;
}

class Monarch : public Operator {
 public:
  const OperatorDescription& description() const override { return description_; }

  absl::StatusOr<Problem> Resolve(const Problem& problem) const override {
    BB_ASSIGN_OR_RETURN(Problem resolved, ResolveAgainst(description_, problem));
    BB_RETURN_IF_ERROR(RefuseGrid(resolved));
    BB_RETURN_IF_ERROR(ResolveBlocks(resolved));
    return resolved;
  }

  std::vector<TensorShape> Tensors(const Problem& problem) const override {
    const auto [tokens, d_in, d_out] = problem.shape;
    const MonarchShape shape(problem);
    return {{"x", tokens, d_in},
            {"w1", shape.inner() * shape.blocks, shape.in},
            {"w2", d_out, shape.inner()}};
  }

  OperatorCost Cost(const Problem& problem) const override {
    const auto [tokens, d_in, d_out] = problem.shape;
    const bool backward = problem.direction == "backward";
    const double n = tokens, sides = d_in + d_out;
    const int64_t size = DtypeSize(problem.dtype);
    OperatorCost cost;
    cost.parameters = MonarchShape(problem).inner() * (d_in + d_out);
    cost.flops_executed = 2.0 * n * cost.parameters;
    cost.flops_effective = (backward ? 4.0 : 2.0) * n * d_in * d_out;
    cost.bytes_min = size * (n * sides + cost.parameters);
    if (backward) {
      const auto first = static_cast<double>(MonarchShape(problem).inner() * d_in);
      cost.flops_executed = 2 * cost.flops_executed + 2.0 * n * first;
      cost.bytes_min += size * (n * d_in + cost.parameters);
    }
    DeclareRanks(ShardingOf(Shardings(), problem), problem, cost);
    if (backward) {
      cost.lower_bound_source = "none known for gradients";
    } else if (problem.sharding == "token") {
      cost.lower_bound_source = "none: every rank starts with the whole of W1 and W2";
    } else {
      cost.wire_bytes_lower_bound = size * LowerBoundWords(problem);
      cost.lower_bound_source = "rank of the map from a rank's columns to what others own";
    }
    return cost;
  }

  double OperandScale(const Problem& problem, absl::string_view tensor) const override {
    const MonarchShape shape(problem);
    if (tensor == "w1") return 1.0 / std::sqrt(static_cast<double>(shape.in));
    if (tensor == "w2") return 1.0 / std::sqrt(static_cast<double>(shape.inner()));
    return 1.0;
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

  // A sum of P products, then one of B depth. Backward their adjoints too, and a sum over tokens.
  double RoundingGrowth(const Problem& problem) const override {
    const MonarchShape shape(problem);
    const auto forward = static_cast<double>(shape.in + shape.inner());
    if (problem.direction != "backward") return forward;
    return forward + static_cast<double>(shape.out + shape.inner() + problem.shape.tokens);
  }

  absl::StatusOr<double> IntegerBound(const Problem& problem) const override {
    const MonarchShape shape(problem);
    return 8.0 * static_cast<double>(shape.in) * static_cast<double>(shape.inner());
  }

 private:
  const OperatorDescription description_ = Describe();
};

std::vector<double> Monarch::ReferenceRows(const Problem& problem, const Operands& operands,
                                           absl::Span<const int64_t> rows) const {
  const MonarchShape shape(problem);
  const auto [tokens, d_in, d_out] = problem.shape;
  const int64_t inner = shape.inner(), height = static_cast<int64_t>(rows.size());
  std::vector<double> x(height * d_in), y(height * d_out, 0.0), z(height * inner);
  std::vector<double> w1(shape.in), w2(inner);
  for (int64_t i = 0; i < height; ++i)
    operands.Row("x", rows[i], 0, absl::MakeSpan(x).subspan(i * d_in, d_in));
  for (int64_t l = 0; l < shape.blocks; ++l) {
    for (int64_t c = 0; c < inner; ++c) {  // c = (k, r)
      operands.Row("w1", c * shape.blocks + l, 0, absl::MakeSpan(w1));
      for (int64_t i = 0; i < height; ++i) {
        const double* block = &x[i * d_in + c / shape.depth * shape.in];
        z[i * inner + c] = std::inner_product(w1.begin(), w1.end(), block, 0.0);
      }
    }
    for (int64_t s = 0; s < shape.out; ++s) {
      operands.Row("w2", l * shape.out + s, 0, absl::MakeSpan(w2));
      for (int64_t i = 0; i < height; ++i) {
        y[i * d_out + s * shape.blocks + l] =
            std::inner_product(w2.begin(), w2.end(), &z[i * inner], 0.0);
      }
    }
  }
  return y;
}

// M v = W1' P' W2' v by the transposed sums, then x (M v). With g = W2' v, the rounding of z[k, r,
// l], at most u sqrt(P) |x_k| |w1[k, r, l]|, reaches the projection through g[k, r, l]; that of
// y[s, l], at most u sqrt(B depth) |w2[l, s]| |z_l|, through v. Both are |x_k| times a constant of
// the block.
Operator::Projection Monarch::ReferenceProjection(const Problem& problem, const Operands& operands,
                                                  absl::Span<const double> v,
                                                  absl::Span<const int64_t> rows) const {
  const MonarchShape shape(problem);
  std::vector<double> w1(shape.in), w2(shape.inner()), g(shape.inner());
  std::vector<double> mv(problem.shape.d_in, 0.0), weight(shape.blocks, 0.0);
  for (int64_t l = 0; l < shape.blocks; ++l) {
    std::fill(g.begin(), g.end(), 0.0);
    double second = 0;  // sum over s of |w2[l, s]|^2 v^2
    for (int64_t s = 0; s < shape.out; ++s) {
      const double value = v[s * shape.blocks + l];
      if (value == 0) continue;
      operands.Row("w2", l * shape.out + s, 0, absl::MakeSpan(w2));
      for (int64_t c = 0; c < shape.inner(); ++c) {
        g[c] += w2[c] * value;
        second += w2[c] * w2[c] * value * value;
      }
    }
    if (second == 0) continue;
    for (int64_t c = 0; c < shape.inner(); ++c) {
      const int64_t k = c / shape.depth;
      operands.Row("w1", c * shape.blocks + l, 0, absl::MakeSpan(w1));
      double square = 0;
      for (int64_t p = 0; p < shape.in; ++p) {
        mv[k * shape.in + p] += g[c] * w1[p];
        square += w1[p] * w1[p];
      }
      weight[k] += square * (g[c] * g[c] + second);
    }
  }
  std::vector<double> x(problem.shape.d_in);
  Projection projection;
  for (const int64_t row : rows) {
    operands.Row("x", row, 0, absl::MakeSpan(x));
    double value = 0, bound = 0;
    for (size_t j = 0; j < x.size(); ++j) {
      value += x[j] * mv[j];
      bound += x[j] * x[j] * weight[j / shape.in];
    }
    projection.value.push_back(value);
    projection.magnitude.push_back(std::sqrt(bound));
  }
  return projection;
}

// Forward at the change, at the rows it reaches, paired with dY.
double Monarch::ReferenceDerivative(const Problem& problem, const Operands& operands,
                                    const Change& change) const {
  const auto all = IndicesOf({0, problem.shape.tokens});
  const std::vector<int64_t>& rows = change.tensor == "x" ? change.rows : all;
  const ChangedOperands changed(operands, change, 1.0, /*keep=*/false);
  const std::vector<double> y = ReferenceRows(problem, changed, rows);
  std::vector<double> dy(problem.shape.d_out);
  long double sum = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    operands.Row("dy", rows[i], 0, absl::MakeSpan(dy));
    for (size_t j = 0; j < dy.size(); ++j)
      sum += static_cast<long double>(dy[j]) * y[i * dy.size() + j];
  }
  return static_cast<double>(sum);
}

const RegisterOperator kRegister(std::make_unique<Monarch>());

}  // namespace
}  // namespace basisbench
