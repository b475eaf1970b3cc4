// SPDX-License-Identifier: Apache-2.0
// Softmax attention: Y = softmax(X K^t / sqrt(k)) V in every head, X being the queries; causal, a
// token sees itself and what is before it. Neighbouring heads of the queries may share keys and
// values, of which there are `kv_heads` then. The projections around it are not part of it.
//   FLOPs: 2 (k + v) + 5 for each pair of tokens that see each other and each head, k and v the
//   widths of its keys and values (N^2 pairs, causal N (N + 1) / 2); backward 8 k + 6 v + 10, with
//   the probabilities computed again instead of kept. Parameters none.
//   Source: Vaswani et al., NeurIPS 2017; in blocks: Milakov and Gimelshein, 2018; Dao et al.,
//   2022; over a ring: Liu et al., 2023; shared keys: Ainslie et al., GQA, 2023.
#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/operators/attention/attention_shape.h"
#include "workers/operators/attention/ring_plan.h"
#include "workers/operators/registry.h"

namespace basisbench {
namespace {

class LocalSoftmaxAttention : public LocalHeads {
 public:
  LocalSoftmaxAttention(const Problem& problem, Device& device, const HeadOperands& operands)
      : shape_(AttentionShapeOf(problem, operands.heads)),
        backward_(problem.direction == "backward"),
        device_(device),
        o_(operands),
        kv_heads_(operands.heads * KvHeads(problem) / HeadMixer::Heads(problem)) {}

  absl::Status Allocate() {
    const int64_t size = DtypeSize(shape_.dtype);
    BB_ASSIGN_OR_RETURN(workspace_, device_.Allocate(size * BlockedAttention::Workspace(
                                                                shape_, o_.tokens, backward_)));
    attention_ = std::make_unique<BlockedAttention>(device_, shape_, o_.tokens, backward_,
                                                    workspace_.data());
    if (!backward_) return absl::OkStatus();
    BB_ASSIGN_OR_RETURN(y_, device_.Allocate(size * o_.tokens * o_.heads * shape_.value_width));
    return absl::OkStatus();
  }

  absl::Status Run() override {
    const TokenRows q = All(o_.inputs[0], o_.heads), k = All(o_.inputs[1], kv_heads_),
                    v = All(o_.inputs[2], kv_heads_),
                    y = All(backward_ ? y_.data() : o_.y, o_.heads), dy = All(o_.dy, o_.heads);
    BB_RETURN_IF_ERROR(attention_->Begin(y));
    BB_RETURN_IF_ERROR(attention_->Add(q, k, v, y));
    BB_RETURN_IF_ERROR(attention_->End(y));
    if (!backward_) return absl::OkStatus();
    BB_RETURN_IF_ERROR(attention_->MeanGradients(y, dy));
    const BlockedAttention::Gradients gradients = {All(o_.gradients[0], o_.heads),
                                                   All(o_.gradients[1], kv_heads_),
                                                   All(o_.gradients[2], kv_heads_)};
    BB_RETURN_IF_ERROR(Clear(gradients.dq, shape_.key_width));
    BB_RETURN_IF_ERROR(Clear(gradients.dk, shape_.key_width));
    BB_RETURN_IF_ERROR(Clear(gradients.dv, shape_.value_width));
    return attention_->AddGradients(q, k, v, dy, gradients);
  }

 private:
  absl::Status Clear(const TokenRows& part, int64_t width) {
    return device_.Fill(shape_.dtype, o_.tokens * part.heads * width, 0, part.data);
  }
  // Inputs are only read.
  TokenRows All(const void* data, int64_t heads) const {
    return {static_cast<std::byte*>(const_cast<void*>(data)), {0, o_.tokens}, heads};
  }

  const AttentionShape shape_;
  const bool backward_;
  Device& device_;
  const HeadOperands o_;
  const int64_t kv_heads_;
  Buffer workspace_, y_;
  std::unique_ptr<BlockedAttention> attention_;
};

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "softmax_attention";
  description.family = "attention";
  description.axis = "token";
  description.formula = "Y = softmax(X K^t / sqrt(k)) V per head, X the queries";
  description.source = "Vaswani et al., NeurIPS 2017; Dao et al., FlashAttention, NeurIPS 2022";
  description.flops_formula = "2 N^2 (K + M) + 5 N^2 heads; causal about half";
  description.parameters = {
      {"causal", "1: a token sees what is before it, 0: everything", "1", 0, 1},
      {"kv_heads",
       "heads of keys and values, each shared by neighbouring heads of queries; the "
       "default is heads",
       "", 1, 1 << 20}};
  return description;
}

class SoftmaxAttention : public HeadMixer {
 public:
  SoftmaxAttention() : HeadMixer(Describe(), {AttentionRing()}) {}

  absl::Status ResolveHeads(Problem& problem) const override {
    DefaultParameter(problem, "kv_heads", Heads(problem));
    if (Heads(problem) % KvHeads(problem) == 0) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("softmax_attention: kv_heads = ", KvHeads(problem),
                     " must divide heads = ", Heads(problem)));
  }
  std::vector<HeadTensor> Inputs(const Problem& problem) const override {
    const int64_t width = problem.shape.d_in / Heads(problem),
                  sharers = Heads(problem) / KvHeads(problem);
    return {{"x", width}, {"k", width, 1.0, sharers}, {"v", OutputWidth(problem), 1.0, sharers}};
  }
  double FlopsPerHead(const Problem& problem) const override {
    const AttentionShape shape = AttentionShapeOf(problem, 1);
    const auto tokens = static_cast<double>(problem.shape.tokens);
    const auto k = static_cast<double>(shape.key_width), v = static_cast<double>(shape.value_width);
    const double pairs = shape.causal ? tokens * (tokens + 1) / 2 : tokens * tokens;
    return pairs * (problem.direction == "forward" ? 2 * (k + v) + 5 : 8 * k + 6 * v + 10);
  }
  int64_t Workspace(const Problem& problem, int64_t heads) const override {
    const AttentionShape shape = AttentionShapeOf(problem, heads);
    const int64_t tokens = problem.shape.tokens;
    const bool backward = problem.direction == "backward";
    return BlockedAttention::Workspace(shape, tokens, backward) +
           (backward ? tokens * heads * shape.value_width : 0);
  }
  absl::StatusOr<std::unique_ptr<LocalHeads>> MakeLocal(
      const Problem& problem, Device& device, const HeadOperands& operands) const override {
    auto local = std::make_unique<LocalSoftmaxAttention>(problem, device, operands);
    BB_RETURN_IF_ERROR(local->Allocate());
    return local;
  }
  HeadRows ReferenceHead(const Problem& problem, const HeadValues& inputs,
                         absl::Span<const int64_t> rows) const override;
  bool IsRowWise(absl::string_view tensor) const override { return tensor == "x"; }
  bool IsLinearIn(absl::string_view tensor) const override { return tensor == "v"; }
  // A probability's gradient is taken from the mean of them: a token that sees only itself has
  // none.
  double GradientTerms(const Problem& problem, absl::string_view tensor) const override {
    if (tensor == "v") return 0;
    return std::sqrt(static_cast<double>(problem.shape.d_out) /
                     static_cast<double>(problem.shape.d_in));
  }
  // Logits of k terms, and sums over the tokens; backward both once more, and over the queries of
  // the heads that share a key.
  double RoundingGrowth(const Problem& problem) const override {
    const double forward =
        static_cast<double>(problem.shape.d_in / Heads(problem) + problem.shape.tokens + 8);
    if (problem.direction == "forward") return forward;
    return 4 * forward * static_cast<double>(GroupSize(problem));
  }
};

HeadRows SoftmaxAttention::ReferenceHead(const Problem& problem, const HeadValues& inputs,
                                         absl::Span<const int64_t> rows) const {
  const std::vector<double>&q = inputs[0], &k = inputs[1], &v = inputs[2];
  const int64_t tokens = problem.shape.tokens, key_width = problem.shape.d_in / Heads(problem),
                value_width = OutputWidth(problem);
  const bool causal = problem.parameters.at("causal") == "1";
  HeadRows out;
  std::vector<double> p(static_cast<size_t>(tokens)), square(static_cast<size_t>(value_width));
  for (const int64_t row : rows) {
    const int64_t seen = causal ? row + 1 : tokens;
    for (int64_t n = 0; n < seen; ++n) {
      double score = 0;
      for (int64_t i = 0; i < key_width; ++i)
        score += q[row * key_width + i] * k[n * key_width + i];
      p[n] = score / std::sqrt(static_cast<double>(key_width));
    }
    const double largest = *std::max_element(p.begin(), p.begin() + seen);
    double sum = 0;
    for (int64_t n = 0; n < seen; ++n) sum += p[n] = std::exp(p[n] - largest);
    std::vector<double> y(static_cast<size_t>(value_width), 0.0);
    std::fill(square.begin(), square.end(), 0.0);
    for (int64_t n = 0; n < seen; ++n) {
      for (int64_t j = 0; j < value_width; ++j) {
        const double term = p[n] / sum * v[n * value_width + j];
        y[j] += term;
        square[j] += term * term;
      }
    }
    out.y.insert(out.y.end(), y.begin(), y.end());
    for (const double one : square) out.magnitude.push_back(std::sqrt(one));
  }
  return out;
}

const RegisterOperator kRegister(std::make_unique<SoftmaxAttention>());

}  // namespace
}  // namespace basisbench
