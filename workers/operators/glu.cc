// SPDX-License-Identifier: Apache-2.0
// Gated linear units without the projections around them: of the two halves of every token's
// columns one is activated and gates the other, Y = X1 * f(X2), X = [X1 X2], K = 2M. With f = s,
// the sigmoid, it is GLU, with x s(x) SwiGLU, with gelu GEGLU, with none bilinear. It mixes
// nothing, and nothing moves while X and Y are cut alike.
// Backward dX1 = dY * f(X2) and dX2 = dY * X1 * f'(X2) in one pass.
//   FLOPs N M (1 + a), backward N M (a + a' + 3): a of the activation, a' more of its derivative;
//   an exponential or a reciprocal counts as one. Minimal bytes 3 b N M, backward 5 b N M. Messages
//   none, parameters none. Reference: the definition in float64, its derivative by differences.
//   Source: Dauphin et al., ICML 2017; Shazeer, "GLU Variants Improve Transformer", 2020; gelu:
//   Hendrycks and Gimpel, 2016, in the form with a tangent.
#include <algorithm>
#include <cmath>
#include <set>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/operators/partition.h"
#include "workers/operators/registry.h"
#include "workers/operators/resolve.h"
#include "workers/operators/sharding.h"

namespace basisbench {
namespace {

struct ActivationRow {
  const char* name;
  Nonlinearity activation;
  double flops, gradient_flops;  // a and a'
};

constexpr ActivationRow kActivations[] = {{"sigmoid", Nonlinearity::kSigmoid, 4, 2},
                                          {"silu", Nonlinearity::kSilu, 5, 3},
                                          {"gelu", Nonlinearity::kGelu, 9, 7},
                                          {"none", Nonlinearity::kNone, 0, 0}};

const ActivationRow* FindActivation(const std::string& name) {
  const auto row = std::find_if(std::begin(kActivations), std::end(kActivations),
                                [&](const ActivationRow& one) { return name == one.name; });
  return row == std::end(kActivations) ? nullptr : row;
}

// Resolve has seen to it that there is one.
const ActivationRow& ActivationOf(const Problem& problem) {
  return *FindActivation(problem.parameters.at("activation"));
}

// The part of Y that a rank holds, rows ("token") or columns ("column"); of X it holds the same
// columns of both halves, side by side.
struct Part {
  Part(const Problem& problem, int rank)
      : rows{0, problem.shape.tokens}, cols{0, problem.shape.d_out}, d_out(problem.shape.d_out) {
    Piece& cut = problem.sharding == "token" ? rows : cols;
    cut = PartOf(cut.count, problem.ranks, rank);
  }
  int64_t count() const { return rows.count * cols.count; }
  std::vector<int64_t> ColumnsOfX() const {
    std::vector<int64_t> columns = IndicesOf(cols);
    for (const int64_t column : IndicesOf(cols)) columns.push_back(d_out + column);
    return columns;
  }

  Piece rows, cols;
  int64_t d_out;
};

class GluPlan : public Plan {
 public:
  GluPlan(const Problem& problem, Device& device, int rank)
      : problem_(problem),
        backward_(problem.direction == "backward"),
        device_(device),
        part_(problem, rank) {}

  absl::Status Allocate() {
    BB_RETURN_IF_ERROR(Take(2, x_));
    BB_RETURN_IF_ERROR(Take(1, y_));
    return backward_ ? Take(2, dx_) : absl::OkStatus();
  }

  absl::Status Run() override { return backward_ ? Backward() : Forward(); }
  absl::Status RunCompute() override { return Run(); }
  absl::Status RunCommunication() override { return absl::OkStatus(); }

  std::vector<Shard> Inputs() override {
    std::vector<Shard> inputs = {OfX("x", x_)};
    if (backward_) inputs.push_back(OfY("dy"));
    return inputs;
  }
  std::vector<Shard> Outputs() override {
    if (backward_) return {OfX("dx", dx_)};
    return {OfY("y")};
  }

 private:
  absl::Status Take(int64_t halves, Buffer& buffer) {
    BB_ASSIGN_OR_RETURN(buffer,
                        device_.Allocate(halves * part_.count() * DtypeSize(problem_.dtype)));
    return absl::OkStatus();
  }
  Shard OfX(const char* tensor, Buffer& buffer) const {
    return {tensor,
            problem_.dtype,
            buffer.data(),
            2 * part_.cols.count,
            IndicesOf(part_.rows),
            part_.ColumnsOfX()};
  }
  Shard OfY(const char* tensor) {
    return {tensor,           problem_.dtype,        y_.data(),
            part_.cols.count, IndicesOf(part_.rows), IndicesOf(part_.cols)};
  }
  std::byte* SecondHalf(Buffer& buffer) const {
    return buffer.data() + part_.cols.count * DtypeSize(problem_.dtype);
  }

  absl::Status Forward() {
    ActivationArgs args{.dtype = problem_.dtype, .activation = ActivationOf(problem_).activation};
    args.rows = part_.rows.count, args.cols = part_.cols.count;
    args.x = SecondHalf(x_), args.w = x_.data(), args.y = y_.data();
    args.x_row_stride = args.w_row_stride = 2 * args.cols;
    args.y_row_stride = args.cols;
    return device_.Activate(args);
  }

  absl::Status Backward() {
    ActivationGradientArgs args{.dtype = problem_.dtype,
                                .activation = ActivationOf(problem_).activation};
    args.rows = part_.rows.count, args.cols = part_.cols.count;
    args.x = SecondHalf(x_), args.w = x_.data(), args.dy = y_.data();
    args.dx = SecondHalf(dx_), args.dw = dx_.data();
    args.x_row_stride = args.w_row_stride = 2 * args.cols;
    args.dx_row_stride = args.dw_row_stride = 2 * args.cols;
    args.dy_row_stride = args.cols;
    return device_.ActivationGradient(args);
  }

  const Problem problem_;
  const bool backward_;
  Device& device_;
  const Part part_;
  Buffer x_, y_, dx_;  // y_ is dY backward
};

absl::StatusOr<std::unique_ptr<Plan>> MakeGluPlan(const Problem& problem, Device& device,
                                                  Communicator& communicator) {
  auto plan = std::make_unique<GluPlan>(problem, device, communicator.rank());
  BB_RETURN_IF_ERROR(plan->Allocate());
  return plan;
}

// Matrices like Y that are read or written.
int64_t HalvesOf(const Problem& problem) { return problem.direction == "backward" ? 5 : 3; }

RankCost CostOfRank(const Problem& problem, int rank) {
  return {HalvesOf(problem) * Part(problem, rank).count()};
}

const std::vector<Sharding>& Shardings() {
  static const auto& shardings = *new std::vector<Sharding>{{"token", MakeGluPlan, CostOfRank},
                                                            {"column", MakeGluPlan, CostOfRank}};
  return shardings;
}

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "glu";
  description.family = "elementwise";
  description.axis = "channel";
  description.formula = "Y[i,j] = X[i,j] f(X[i,M+j])";
  description.source = "Dauphin et al., ICML 2017; Shazeer, 2020";
  description.flops_formula = "N M (1 + 4 sigmoid, 5 silu, 9 gelu, 0 none)";
  description.parameters = {{"activation", "of the gate: sigmoid, silu, gelu or none", "sigmoid"}};
  description.shardings = NamesOf(Shardings());
  description.dtypes = EveryDtype();
  description.directions = {"forward", "backward"};
  return description;
}

// f by definition.
double Activated(Nonlinearity activation, double x) {
  const double root = std::sqrt(2 / M_PI);
  switch (activation) {
    case Nonlinearity::kNone:
      return x;
    case Nonlinearity::kSigmoid:
      return 1 / (1 + std::exp(-x));
    case Nonlinearity::kSilu:
      return x / (1 + std::exp(-x));
    case Nonlinearity::kGelu:
      return x / 2 * (1 + std::tanh(root * (x + 0.044715 * x * x * x)));
  }
  return x;
}

// Central differences of the fourth order.
constexpr double kStep = 1e-3;
template <typename Function>
double Derivative(Function f) {
  return (8 * (f(kStep) - f(-kStep)) - (f(2 * kStep) - f(-2 * kStep))) / (12 * kStep);
}

class Glu : public Operator {
 public:
  const OperatorDescription& description() const override { return description_; }

  absl::StatusOr<Problem> Resolve(const Problem& problem) const override;
  OperatorCost Cost(const Problem& problem) const override;

  double OperandScale(const Problem&, absl::string_view) const override { return 1.0; }
  bool IsLinearIn(absl::string_view) const override { return false; }
  // The terms of f' are of order one, and may cancel.
  double GradientTerms(const Problem&, absl::string_view) const override { return 1.0; }

  absl::StatusOr<std::unique_ptr<Plan>> MakePlan(const Problem& problem, Device& device,
                                                 Communicator& communicator) const override {
    return ShardingOf(Shardings(), problem).make_plan(problem, device, communicator);
  }

  std::vector<double> ReferenceRows(const Problem& problem, const Operands& operands,
                                    absl::Span<const int64_t> rows) const override {
    std::vector<double> y;
    for (const int64_t row : rows) {
      for (int64_t j = 0; j < problem.shape.d_out; ++j)
        y.push_back(operands.At("x", row, j) *
                    Activated(ActivationOf(problem).activation,
                              operands.At("x", row, problem.shape.d_out + j)));
    }
    return y;
  }
  Projection ReferenceProjection(const Problem& problem, const Operands& operands,
                                 absl::Span<const double> v,
                                 absl::Span<const int64_t> rows) const override;
  double ReferenceDerivative(const Problem& problem, const Operands& operands,
                             const Change& change) const override;

  // One product; an exponential of a few roundings, a sum, a quotient and one more product.
  double RoundingGrowth(const Problem& problem) const override {
    return ActivationOf(problem).activation == Nonlinearity::kNone ? 1 : 16;
  }

  absl::StatusOr<double> IntegerBound(const Problem& problem) const override {
    if (ActivationOf(problem).activation == Nonlinearity::kNone) return 4.0;
    return Operator::IntegerBound(problem);
  }

 private:
  const OperatorDescription description_ = Describe();
};

absl::StatusOr<Problem> Glu::Resolve(const Problem& problem) const {
  Problem halved = problem;
  if (halved.shape.d_out == 0) halved.shape.d_out = halved.shape.d_in / 2;
  BB_ASSIGN_OR_RETURN(Problem resolved, ResolveAgainst(description_, halved));
  BB_RETURN_IF_ERROR(RefuseGrid(resolved));
  if (FindActivation(resolved.parameters.at("activation")) == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("glu: activation must be sigmoid, silu, gelu or none, not '",
                     resolved.parameters.at("activation"), "'"));
  }
  const auto [tokens, d_in, d_out] = resolved.shape;
  if (d_in == 2 * d_out) return resolved;
  return absl::UnimplementedError(absl::StrCat(
      "glu gates one half of X with the other: d_in = ", d_in, " must be twice d_out = ", d_out));
}

OperatorCost Glu::Cost(const Problem& problem) const {
  const auto elements = static_cast<double>(problem.shape.tokens * problem.shape.d_out);
  const ActivationRow& row = ActivationOf(problem);
  OperatorCost cost;
  cost.flops_executed =
      elements *
      (problem.direction == "backward" ? row.flops + row.gradient_flops + 3 : row.flops + 1);
  cost.flops_effective = 2.0 * elements * static_cast<double>(problem.shape.d_in);
  cost.bytes_min = static_cast<double>(HalvesOf(problem) * DtypeSize(problem.dtype)) * elements;
  DeclareRanks(ShardingOf(Shardings(), problem), problem, cost);
  cost.lower_bound_source = "none: elements do not depend on each other";
  return cost;
}

// Errors of the activation are those of its value and of its argument.
Operator::Projection Glu::ReferenceProjection(const Problem& problem, const Operands& operands,
                                              absl::Span<const double> v,
                                              absl::Span<const int64_t> rows) const {
  const Nonlinearity activation = ActivationOf(problem).activation;
  const int64_t d_out = problem.shape.d_out;
  std::vector<double> x(problem.shape.d_in);
  Projection projection;
  for (const int64_t row : rows) {
    operands.Row("x", row, 0, absl::MakeSpan(x));
    long double value = 0;  // a sum in float64 would round more often than the operator
    double square = 0;
    for (int64_t j = 0; j < d_out; ++j) {
      const double gate = x[d_out + j], activated = Activated(activation, gate);
      value += static_cast<long double>(x[j]) * activated * v[j];
      double size = std::fabs(activated);
      if (activation != Nonlinearity::kNone)
        size += std::fabs(
            gate * Derivative([&](double step) { return Activated(activation, gate + step); }));
      square += size * size * x[j] * x[j] * v[j] * v[j];
    }
    projection.value.push_back(static_cast<double>(value));
    projection.magnitude.push_back(std::sqrt(square));
  }
  return projection;
}

// By differences along the change, element by element of Y.
double Glu::ReferenceDerivative(const Problem& problem, const Operands& operands,
                                const Change& change) const {
  const Nonlinearity activation = ActivationOf(problem).activation;
  const int64_t d_out = problem.shape.d_out;
  const auto width = static_cast<int64_t>(change.cols.size());
  std::vector<double> x(problem.shape.d_in), along(problem.shape.d_in);
  std::set<int64_t> touched;
  for (const int64_t col : change.cols) touched.insert(col % d_out);
  long double sum = 0;
  for (size_t i = 0; i < change.rows.size(); ++i) {
    const int64_t row = change.rows[i];
    operands.Row("x", row, 0, absl::MakeSpan(x));
    std::fill(along.begin(), along.end(), 0.0);
    for (int64_t j = 0; j < width; ++j)
      along[change.cols[j]] = change.values[static_cast<int64_t>(i) * width + j];
    for (const int64_t j : touched) {
      const auto at = [&](double step) {
        const double gate = x[d_out + j] + step * along[d_out + j];
        return (x[j] + step * along[j]) * Activated(activation, gate);
      };
      sum += static_cast<long double>(operands.At("dy", row, j)) * Derivative(at);
    }
  }
  return static_cast<double>(sum);
}

const RegisterOperator kRegister(std::make_unique<Glu>());

}  // namespace
}  // namespace basisbench
