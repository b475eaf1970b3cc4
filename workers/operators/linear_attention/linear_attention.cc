// SPDX-License-Identifier: Apache-2.0
// Attention without softmax: y_n = S_n^t x_n, S_n = sum of k_t v_t^t over the tokens t up to n
// (causal) or all of them, in every head; X are the queries. Scores are never written out, so that
// it is linear in the number of tokens.
//   FLOPs a head: 4 N k v for the states, k and v the widths of its keys and values, and causal
//   2 (k + v) for each pair of tokens of a chunk; backward 10 N k v and 6 (k + v). Parameters none.
//   Source: Katharopoulos et al., ICML 2020, with the identity as feature map; in chunks: Hua et
//   al., 2022; states between ranks: Sun et al., LASP-2, 2025.
#include <algorithm>
#include <cmath>

#include "services/base/status_macros.h"
#include "workers/operators/heads/head_mixer.h"
#include "workers/operators/linear_attention/state_plan.h"
#include "workers/operators/parameters.h"
#include "workers/operators/registry.h"

namespace basisbench {
namespace {

ScanShape ShapeOf(const Problem& problem, int64_t heads) {
  return {.dtype = problem.dtype,
          .heads = heads,
          .key_width = problem.shape.d_in / HeadMixer::Heads(problem),
          .value_width = HeadMixer::OutputWidth(problem),
          .causal = IntegerParameter(problem, "causal") == 1,
          .chunk = std::min(IntegerParameter(problem, "chunk"), problem.shape.tokens)};
}

std::vector<ScanInput> Roles() {
  return {{"x", ScanRole::kQueries}, {"k", ScanRole::kKeys}, {"v", ScanRole::kValues}};
}

class LocalLinearAttention : public LocalHeads {
 public:
  LocalLinearAttention(const Problem& problem, Device& device, const HeadOperands& operands)
      : shape_(ShapeOf(problem, operands.heads)),
        backward_(problem.direction == "backward"),
        device_(device),
        o_(operands) {}

  absl::Status Allocate() {
    const int64_t size = DtypeSize(shape_.dtype);
    BB_ASSIGN_OR_RETURN(workspace_, device_.Allocate(size * ChunkedScan::Workspace(shape_)));
    BB_ASSIGN_OR_RETURN(state_, device_.Allocate(size * shape_.States()));
    ScanOperands operands{.tokens = o_.tokens};
    operands.q = o_.inputs[0], operands.k = o_.inputs[1], operands.v = o_.inputs[2];
    operands.y = o_.y, operands.dy = o_.dy;
    if (backward_)
      operands.dq = o_.gradients[0], operands.dk = o_.gradients[1], operands.dv = o_.gradients[2];
    scan_ = std::make_unique<ChunkedScan>(device_, shape_, operands, workspace_.data());
    return absl::OkStatus();
  }

  absl::Status Run() override {
    BB_RETURN_IF_ERROR(shape_.causal ? Clear() : scan_->SumKeys(state_.data()));
    if (!backward_) return scan_->Forward(state_.data());
    BB_RETURN_IF_ERROR(scan_->QueryGradients(state_.data()));
    BB_RETURN_IF_ERROR(shape_.causal ? Clear() : scan_->SumQueries(state_.data()));
    return scan_->KeyGradients(state_.data());
  }

 private:
  // There is nothing before the first token and after the last.
  absl::Status Clear() { return device_.Fill(shape_.dtype, shape_.States(), 0, state_.data()); }

  const ScanShape shape_;
  const bool backward_;
  Device& device_;
  const HeadOperands o_;
  Buffer workspace_, state_;
  std::unique_ptr<ChunkedScan> scan_;
};

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "linear_attention";
  description.family = "attention";
  description.axis = "token";
  description.formula = "Y_n = X_n sum_{t <= n} K_t^t V_t per head, X the queries";
  description.source = "Katharopoulos et al., ICML 2020";
  description.flops_formula = "4 N K M / heads; causal + (chunk + 1) N (K + M)";
  description.parameters = {
      {"causal", "1: a token sees what is before it, 0: everything", "1", 0, 1},
      {"chunk", "tokens that are multiplied with each other", "64", 1, 4096}};
  return description;
}

class LinearAttention : public HeadMixer {
 public:
  LinearAttention() : HeadMixer(Describe(), {ScanStates({ShapeOf, Roles()})}) {}

  absl::Status ResolveHeads(Problem&) const override { return absl::OkStatus(); }
  std::vector<HeadTensor> Inputs(const Problem& problem) const override {
    const int64_t width = problem.shape.d_in / Heads(problem);
    const double products = static_cast<double>(width) * static_cast<double>(problem.shape.tokens);
    return {{"x", width}, {"k", width, 1 / std::sqrt(products)}, {"v", OutputWidth(problem)}};
  }
  double FlopsPerHead(const Problem& problem) const override {
    const ScanShape shape = ShapeOf(problem, 1);
    const auto tokens = static_cast<double>(problem.shape.tokens),
               k = static_cast<double>(shape.key_width), v = static_cast<double>(shape.value_width);
    const bool backward = problem.direction == "backward";
    const double states = (backward ? 10 : 4) * tokens * k * v + StateFlops(problem, shape);
    if (!shape.causal) return states;
    // Half of a chunk's square, and its diagonal, whole chunks and the last one.
    const auto chunk = static_cast<double>(shape.chunk);
    const double whole = std::floor(tokens / chunk), rest = tokens - whole * chunk;
    const double pairs = (whole * chunk * (chunk + 1) + rest * (rest + 1)) / 2;
    return states + pairs * (k + v) * (backward ? 6 : 2);
  }
  int64_t Workspace(const Problem& problem, int64_t heads) const override {
    const ScanShape shape = ShapeOf(problem, heads);
    return ChunkedScan::Workspace(shape) + shape.States();
  }
  absl::StatusOr<std::unique_ptr<LocalHeads>> MakeLocal(
      const Problem& problem, Device& device, const HeadOperands& operands) const override {
    auto local = std::make_unique<LocalLinearAttention>(problem, device, operands);
    BB_RETURN_IF_ERROR(local->Allocate());
    return local;
  }
  HeadRows ReferenceHead(const Problem& problem, const HeadValues& inputs,
                         absl::Span<const int64_t> rows) const override;
  bool IsRowWise(absl::string_view tensor) const override { return tensor == "x"; }
  double RoundingGrowth(const Problem& problem) const override {
    const int64_t longest = problem.shape.d_in / Heads(problem) + OutputWidth(problem);
    return static_cast<double>(longest + problem.shape.tokens) *
           (problem.direction == "forward" ? 1 : 2);
  }
  absl::StatusOr<double> IntegerBound(const Problem& problem) const override {
    return 8.0 * static_cast<double>(problem.shape.tokens) *
           static_cast<double>(problem.shape.d_in / Heads(problem));
  }
};

// By scores, which the plan never has: y_n = sum_t (x_n . k_t) v_t.
HeadRows LinearAttention::ReferenceHead(const Problem& problem, const HeadValues& inputs,
                                        absl::Span<const int64_t> rows) const {
  const std::vector<double>&q = inputs[0], &k = inputs[1], &v = inputs[2];
  const int64_t tokens = problem.shape.tokens, key_width = problem.shape.d_in / Heads(problem),
                value_width = OutputWidth(problem);
  const bool causal = problem.parameters.at("causal") == "1";
  HeadRows out;
  for (const int64_t row : rows) {
    std::vector<double> y(static_cast<size_t>(value_width), 0.0), square = y;
    for (int64_t n = 0; n < (causal ? row + 1 : tokens); ++n) {
      double score = 0, size = 0;
      for (int64_t i = 0; i < key_width; ++i) {
        const double term = q[row * key_width + i] * k[n * key_width + i];
        score += term;
        size += term * term;
      }
      for (int64_t j = 0; j < value_width; ++j) {
        const double value = v[n * value_width + j];
        y[j] += score * value;
        square[j] += size * value * value;
      }
    }
    out.y.insert(out.y.end(), y.begin(), y.end());
    for (const double one : square) out.magnitude.push_back(std::sqrt(one));
  }
  return out;
}

const RegisterOperator kRegister(std::make_unique<LinearAttention>());

}  // namespace
}  // namespace basisbench
