// SPDX-License-Identifier: Apache-2.0
// A selective state space: in every head a state of `state` x p numbers that decays at a rate of
// the token's own, H_n = sigmoid(a_n) H_{n-1} + b_n x_n^t, y_n = H_n^t c_n. Mixing matrices are
// semiseparable of order `state`. Every head has its own B and C.
//   FLOPs a head: 4 N s p for the states and 2 (s + p) for each pair of tokens of a chunk, s the
//   state, p = K / heads; backward 10 N s p and 6 (s + p). Parameters none. Decays are multiplied
//   as sums of logarithms within a chunk. Source: Dao and Gu, "Transformers are SSMs" (Mamba-2,
//   SSD), ICML 2024.
#include <cmath>

#include "services/base/status_macros.h"
#include "workers/operators/heads/head_mixer.h"
#include "workers/operators/linear_attention/chunked_scan.h"
#include "workers/operators/linear_attention/rates.h"
#include "workers/operators/linear_attention/state_plan.h"
#include "workers/operators/parameters.h"
#include "workers/operators/registry.h"
#include "workers/operators/resolve.h"

namespace basisbench {
namespace {

// Inputs by index.
constexpr size_t kX = 0, kA = 1, kB = 2, kC = 3;

ScanShape ShapeOf(const Problem& problem, int64_t heads) {
  return {.dtype = problem.dtype,
          .heads = heads,
          .key_width = IntegerParameter(problem, "state"),
          .value_width = HeadMixer::OutputWidth(problem),
          .causal = true,
          .chunk = std::min(IntegerParameter(problem, "chunk"), problem.shape.tokens)};
}

std::vector<ScanInput> Roles() {
  return {{"x", ScanRole::kValues},
          {"a", ScanRole::kRates},
          {"b", ScanRole::kKeys},
          {"c", ScanRole::kQueries}};
}

// As linear attention of C, B and X with decays.
class LocalSsm : public LocalHeads {
 public:
  LocalSsm(const Problem& problem, Device& device, const HeadOperands& operands)
      : shape_(ShapeOf(problem, operands.heads)),
        backward_(problem.direction == "backward"),
        device_(device),
        o_(operands),
        rates_(device, shape_, o_.tokens, o_.inputs[kA], backward_ ? o_.gradients[kA] : nullptr) {}

  absl::Status Allocate() {
    const int64_t size = DtypeSize(shape_.dtype);
    BB_ASSIGN_OR_RETURN(workspace_, device_.Allocate(size * ChunkedScan::Workspace(shape_, true)));
    BB_ASSIGN_OR_RETURN(state_, device_.Allocate(size * shape_.States()));
    BB_RETURN_IF_ERROR(rates_.Allocate());
    ScanOperands operands{.tokens = o_.tokens};
    operands.q = o_.inputs[kC], operands.k = o_.inputs[kB], operands.v = o_.inputs[kX];
    operands.y = o_.y, operands.dy = o_.dy, operands.decays = rates_.decays();
    if (backward_) {
      operands.dq = o_.gradients[kC], operands.dk = o_.gradients[kB];
      operands.dv = o_.gradients[kX];
    }
    scan_ = std::make_unique<ChunkedScan>(device_, shape_, operands, workspace_.data());
    return absl::OkStatus();
  }

  absl::Status Run() override {
    BB_RETURN_IF_ERROR(rates_.Prepare());
    BB_RETURN_IF_ERROR(ClearState());
    if (!backward_) return scan_->Forward(state_.data());
    BB_RETURN_IF_ERROR(scan_->QueryGradients(state_.data()));
    BB_RETURN_IF_ERROR(rates_.OfQueries(o_.inputs[kC], o_.gradients[kC]));
    BB_RETURN_IF_ERROR(ClearState());
    BB_RETURN_IF_ERROR(scan_->KeyGradients(state_.data()));
    BB_RETURN_IF_ERROR(rates_.OfKeys(o_.inputs[kB], o_.gradients[kB]));
    return rates_.Finish();
  }

 private:
  absl::Status ClearState() {
    return device_.Fill(shape_.dtype, shape_.States(), 0, state_.data());
  }

  const ScanShape shape_;
  const bool backward_;
  Device& device_;
  const HeadOperands o_;
  Rates rates_;
  Buffer workspace_, state_;
  std::unique_ptr<ChunkedScan> scan_;
};

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "ssm";
  description.family = "attention";
  description.axis = "token";
  description.formula = "H_n = sigmoid(a_n) H_{n-1} + b_n x_n^t, y_n = H_n^t c_n per head";
  description.source = "Dao and Gu, ICML 2024";
  description.flops_formula = "4 N state K + (chunk + 1) N (state heads + K)";
  description.parameters = {{"state", "rows of the state", "16", 1, 1024},
                            {"chunk", "tokens that are multiplied with each other", "64", 1, 4096}};
  return description;
}

class Ssm : public HeadMixer {
 public:
  Ssm() : HeadMixer(Describe(), {ScanStates({ShapeOf, Roles()})}) {}

  absl::Status ResolveHeads(Problem& problem) const override { return RequireSquare(problem); }
  std::vector<HeadTensor> Inputs(const Problem& problem) const override {
    const int64_t state = IntegerParameter(problem, "state");
    return {{"x", OutputWidth(problem)},
            {"a", 1},
            {"b", state, 1 / std::sqrt(static_cast<double>(state))},
            {"c", state}};
  }
  double FlopsPerHead(const Problem& problem) const override {
    const ScanShape shape = ShapeOf(problem, 1);
    const bool backward = problem.direction == "backward";
    const auto tokens = static_cast<double>(problem.shape.tokens),
               s = static_cast<double>(shape.key_width), p = static_cast<double>(shape.value_width),
               chunk = static_cast<double>(shape.chunk);
    const double whole = std::floor(tokens / chunk), rest = tokens - whole * chunk;
    const double pairs = (whole * chunk * (chunk + 1) + rest * (rest + 1)) / 2;
    return (backward ? 10 : 4) * tokens * s * p + StateFlops(problem, shape) +
           pairs * (s + p) * (backward ? 6 : 2);
  }
  int64_t Workspace(const Problem& problem, int64_t heads) const override {
    const ScanShape shape = ShapeOf(problem, heads);
    return ChunkedScan::Workspace(shape, true) + shape.States() +
           Rates::Elements(shape, problem.shape.tokens, problem.direction == "backward");
  }
  absl::StatusOr<std::unique_ptr<LocalHeads>> MakeLocal(
      const Problem& problem, Device& device, const HeadOperands& operands) const override {
    auto local = std::make_unique<LocalSsm>(problem, device, operands);
    BB_RETURN_IF_ERROR(local->Allocate());
    return local;
  }
  HeadRows ReferenceHead(const Problem& problem, const HeadValues& inputs,
                         absl::Span<const int64_t> rows) const override;
  bool IsRowWise(absl::string_view tensor) const override { return tensor == "c"; }
  bool IsLinearIn(absl::string_view tensor) const override { return tensor != "a"; }
  // The gradient of a decay is a sum over all later tokens of differences; the first decay has
  // none.
  double GradientTerms(const Problem& problem, absl::string_view tensor) const override {
    return tensor == "a" ? std::sqrt(static_cast<double>(OutputWidth(problem))) : 0;
  }
  // Logarithms near 1 are summed over a chunk: a decay's relative error is that many roundoffs.
  double RoundingGrowth(const Problem& problem) const override {
    const int64_t longest = IntegerParameter(problem, "state") + OutputWidth(problem);
    const int64_t chunk = ShapeOf(problem, 1).chunk;
    return static_cast<double>(longest + problem.shape.tokens + chunk * chunk) *
           (problem.direction == "forward" ? 1 : 4);
  }
};

// The recurrence, token by token.
HeadRows Ssm::ReferenceHead(const Problem& problem, const HeadValues& inputs,
                            absl::Span<const int64_t> rows) const {
  const std::vector<double>&x = inputs[kX], &a = inputs[kA], &b = inputs[kB], &c = inputs[kC];
  const auto state = static_cast<size_t>(IntegerParameter(problem, "state")),
             width = static_cast<size_t>(OutputWidth(problem)),
             tokens = static_cast<size_t>(problem.shape.tokens);
  std::vector<double> h(state * width, 0.0), squares = h;
  std::vector<double> y(tokens * width, 0.0), size = y;
  for (size_t n = 0; n < tokens; ++n) {
    const double decay = 1 / (1 + std::exp(-a[n]));
    for (size_t i = 0; i < state; ++i) {
      for (size_t j = 0; j < width; ++j) {
        const double term = b[n * state + i] * x[n * width + j], out = c[n * state + i];
        double& of_h = h[i * width + j];
        double& square = squares[i * width + j];
        of_h = decay * of_h + term;
        square = decay * decay * square + term * term;
        y[n * width + j] += out * of_h;
        size[n * width + j] += out * out * square;
      }
    }
  }
  HeadRows out;
  for (const int64_t row : rows) {
    for (size_t j = 0; j < width; ++j) {
      out.y.push_back(y[static_cast<size_t>(row) * width + j]);
      out.magnitude.push_back(std::sqrt(size[static_cast<size_t>(row) * width + j]));
    }
  }
  return out;
}

const RegisterOperator kRegister(std::make_unique<Ssm>());

}  // namespace
}  // namespace basisbench
