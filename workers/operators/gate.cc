// SPDX-License-Identifier: Apache-2.0
// Gating: the elementwise (Hadamard) product of activations with as many gate values, Y = X * W.
// W is data of the same shape as X, not a parameter: nothing is reused, so it runs at the speed of
// memory. It mixes nothing, and nothing moves while X, W and Y are cut alike.
// Backward both gradients, dX = dY * W and dW = dY * X.
//   FLOPs N K, backward 2 N K. Minimal bytes 3 b N K, backward 5 b N K. Messages none. Reference:
//   the product in float64.
#include <cmath>

#include "services/base/status_macros.h"
#include "workers/operators/partition.h"
#include "workers/operators/registry.h"
#include "workers/operators/resolve.h"
#include "workers/operators/sharding.h"

namespace basisbench {
namespace {

// The part of X, W, Y and their gradients that a rank holds: rows ("token") or columns ("column").
struct Part {
  Part(const Problem& problem, int rank)
      : rows{0, problem.shape.tokens}, cols{0, problem.shape.d_in} {
    Piece& cut = problem.sharding == "token" ? rows : cols;
    cut = PartOf(cut.count, problem.ranks, rank);
  }
  int64_t count() const { return rows.count * cols.count; }

  Piece rows, cols;
};

class GatePlan : public Plan {
 public:
  GatePlan(const Problem& problem, Device& device, int rank)
      : problem_(problem),
        backward_(problem.direction == "backward"),
        device_(device),
        part_(problem, rank) {}

  absl::Status Allocate() {
    std::vector<Buffer*> buffers = {&x_, &w_, &y_};
    if (backward_) buffers = {&x_, &w_, &dy_, &dx_, &dw_};
    for (Buffer* buffer : buffers) {
      BB_ASSIGN_OR_RETURN(*buffer, device_.Allocate(part_.count() * DtypeSize(problem_.dtype)));
    }
    return absl::OkStatus();
  }

  absl::Status Run() override {
    if (!backward_) return Multiply(x_, w_, y_);
    BB_RETURN_IF_ERROR(Multiply(dy_, w_, dx_));
    return Multiply(dy_, x_, dw_);
  }
  absl::Status RunCompute() override { return Run(); }
  absl::Status RunCommunication() override { return absl::OkStatus(); }

  std::vector<Shard> Inputs() override {
    std::vector<Shard> inputs = {Held("x", x_), Held("w", w_)};
    if (backward_) inputs.push_back(Held("dy", dy_));
    return inputs;
  }
  std::vector<Shard> Outputs() override {
    if (backward_) return {Held("dx", dx_), Held("dw", dw_)};
    return {Held("y", y_)};
  }

 private:
  // y = x w. Whole, so that what does not fit the cache is written around it.
  absl::Status Multiply(const Buffer& x, const Buffer& w, Buffer& y) {
    return device_.Multiply(problem_.dtype, part_.count(), x.data(), w.data(), y.data());
  }
  Shard Held(const char* tensor, Buffer& buffer) const {
    return {tensor,           problem_.dtype,        buffer.data(),
            part_.cols.count, IndicesOf(part_.rows), IndicesOf(part_.cols)};
  }

  const Problem problem_;
  const bool backward_;
  Device& device_;
  const Part part_;
  Buffer x_, w_, y_, dy_, dx_, dw_;
};

absl::StatusOr<std::unique_ptr<Plan>> MakeGatePlan(const Problem& problem, Device& device,
                                                   Communicator& communicator) {
  auto plan = std::make_unique<GatePlan>(problem, device, communicator.rank());
  BB_RETURN_IF_ERROR(plan->Allocate());
  return plan;
}

int64_t OperandsOf(const Problem& problem) { return problem.direction == "backward" ? 5 : 3; }

RankCost CostOfRank(const Problem& problem, int rank) {
  return {OperandsOf(problem) * Part(problem, rank).count()};
}

const std::vector<Sharding>& Shardings() {
  static const auto& shardings = *new std::vector<Sharding>{{"token", MakeGatePlan, CostOfRank},
                                                            {"column", MakeGatePlan, CostOfRank}};
  return shardings;
}

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "gate";
  description.family = "elementwise";
  description.axis = "channel";
  description.formula = "Y[i,j] = X[i,j] W[i,j]";
  description.source = "definition; gated linear units: Dauphin et al., ICML 2017";
  description.flops_formula = "N K";
  description.shardings = NamesOf(Shardings());
  description.dtypes = EveryDtype();
  description.directions = {"forward", "backward"};
  return description;
}

class Gate : public Operator {
 public:
  const OperatorDescription& description() const override { return description_; }

  absl::StatusOr<Problem> Resolve(const Problem& problem) const override {
    BB_ASSIGN_OR_RETURN(Problem resolved, ResolveAgainst(description_, problem));
    BB_RETURN_IF_ERROR(RefuseGrid(resolved));
    BB_RETURN_IF_ERROR(RequireSquare(resolved));
    return resolved;
  }

  OperatorCost Cost(const Problem& problem) const override {
    const double elements = static_cast<double>(problem.shape.tokens) * problem.shape.d_in;
    OperatorCost cost;
    const double products = problem.direction == "backward" ? 2 : 1;
    cost.flops_executed = products * elements;
    cost.flops_effective = products * 2.0 * elements * problem.shape.d_out;
    cost.bytes_min = static_cast<double>(OperandsOf(problem) * DtypeSize(problem.dtype)) * elements;
    DeclareRanks(ShardingOf(Shardings(), problem), problem, cost);
    cost.lower_bound_source = "none: elements do not depend on each other";
    return cost;
  }

  std::vector<TensorShape> Tensors(const Problem& problem) const override {
    const auto [tokens, d_in, d_out] = problem.shape;
    return {{"x", tokens, d_in}, {"w", tokens, d_in}};
  }

  double OperandScale(const Problem&, absl::string_view) const override { return 1.0; }

  absl::StatusOr<std::unique_ptr<Plan>> MakePlan(const Problem& problem, Device& device,
                                                 Communicator& communicator) const override {
    return ShardingOf(Shardings(), problem).make_plan(problem, device, communicator);
  }

  std::vector<double> ReferenceRows(const Problem& problem, const Operands& operands,
                                    absl::Span<const int64_t> rows) const override {
    std::vector<double> y;
    for (const int64_t row : rows) {
      for (int64_t j = 0; j < problem.shape.d_out; ++j)
        y.push_back(operands.At("x", row, j) * operands.At("w", row, j));
    }
    return y;
  }

  // Every product rounds once, independently.
  Projection ReferenceProjection(const Problem& problem, const Operands& operands,
                                 absl::Span<const double> v,
                                 absl::Span<const int64_t> rows) const override {
    std::vector<double> x(problem.shape.d_in), w(problem.shape.d_in);
    Projection projection;
    for (const int64_t row : rows) {
      operands.Row("x", row, 0, absl::MakeSpan(x));
      operands.Row("w", row, 0, absl::MakeSpan(w));
      long double value = 0;  // a sum in float64 would round more often than the operator
      double square = 0;
      for (size_t j = 0; j < x.size(); ++j) {
        const long double term = static_cast<long double>(x[j]) * w[j] * v[j];
        value += term;
        square += static_cast<double>(term * term);
      }
      projection.value.push_back(static_cast<double>(value));
      projection.magnitude.push_back(std::sqrt(square));
    }
    return projection;
  }

  // <dY, change * W>, and the same for W, element by element; wider than f64, whose products round
  // as often as the operator's.
  double ReferenceDerivative(const Problem&, const Operands& operands,
                             const Change& change) const override {
    const char* other = change.tensor == "x" ? "w" : "x";
    const size_t width = change.cols.size();
    long double sum = 0;
    for (size_t i = 0; i < change.rows.size(); ++i) {
      for (size_t j = 0; j < width; ++j) {
        const long double dy = operands.At("dy", change.rows[i], change.cols[j]);
        sum +=
            dy * operands.At(other, change.rows[i], change.cols[j]) * change.values[i * width + j];
      }
    }
    return static_cast<double>(sum);
  }

  double RoundingGrowth(const Problem&) const override { return 1; }

  absl::StatusOr<double> IntegerBound(const Problem&) const override { return 4.0; }

 private:
  const OperatorDescription description_ = Describe();
};

const RegisterOperator kRegister(std::make_unique<Gate>());

}  // namespace
}  // namespace basisbench
