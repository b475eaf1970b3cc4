// SPDX-License-Identifier: Apache-2.0
// Dense mixing of tokens with one learned matrix for all channels, Y = T X: what a structured token
// mixer is to be compared with.
//   FLOPs 2 N^2 K, backward twice that. Parameters N^2. Besides the shardings of every token mixer
//   there is "gather" (gather_plan.h), which leaves T cut by rows.
//   Source: Tolstikhin et al., "MLP-Mixer", NeurIPS 2021 (one layer of it).
#include <cmath>

#include "workers/operators/mixer/mixer.h"
#include "workers/operators/mlp_mixer/gather_plan.h"
#include "workers/operators/registry.h"

namespace basisbench {
namespace {

class LocalMlpMixer : public LocalMixer {
 public:
  LocalMlpMixer(const Problem& problem, Device& device, const LocalOperands& operands)
      : tokens_(problem.shape.tokens),
        forward_(problem.direction == "forward"),
        dtype_(problem.dtype),
        device_(device),
        o_(operands) {}

  absl::Status Run() override {
    if (forward_) return Mix(Transpose::kNo, o_.x, o_.y);
    if (const absl::Status mixed = Mix(Transpose::kYes, o_.dy, o_.dx); !mixed.ok()) return mixed;
    GemmArgs args{.dtype = dtype_, .transpose_b = Transpose::kYes};
    args.m = tokens_, args.n = tokens_, args.k = o_.vectors;
    args.a = o_.dy, args.lda = o_.vectors, args.b = o_.x, args.ldb = o_.vectors;
    args.c = o_.gradients[0], args.ldc = tokens_;
    return device_.Gemm(args);
  }

 private:
  absl::Status Mix(Transpose transpose, const void* from, void* to) {
    GemmArgs args{.dtype = dtype_, .transpose_a = transpose};
    args.m = tokens_, args.n = o_.vectors, args.k = tokens_;
    args.a = o_.weights[0], args.lda = tokens_, args.b = from, args.ldb = o_.vectors;
    args.c = to, args.ldc = o_.vectors;
    return device_.Gemm(args);
  }

  const int64_t tokens_;
  const bool forward_;
  const Dtype dtype_;
  Device& device_;
  const LocalOperands o_;
};

// Of a unit at token k: column k of T.
class ColumnMap : public ReferenceMap {
 public:
  explicit ColumnMap(const ReferenceWeights& weights) : t_(weights.at("t")) {}
  void Row(int64_t, int64_t input, absl::Span<double> outputs) const override {
    for (size_t i = 0; i < outputs.size(); ++i) outputs[i] = t_[i * outputs.size() + input];
  }

 private:
  const std::vector<double> t_;
};

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "mlp_mixer";
  description.family = "dense";
  description.axis = "token";
  description.formula = "Y = T X, T in R^{N x N}";
  description.source = "Tolstikhin et al., NeurIPS 2021";
  description.flops_formula = "2 N^2 K";
  return description;
}

class MlpMixer : public Mixer {
 public:
  MlpMixer() : Mixer(Describe(), {MlpMixerGather()}) {}

  absl::Status ResolveMixer(Problem&) const override { return absl::OkStatus(); }
  std::vector<Weight> Weights(const Problem& problem) const override {
    const int64_t tokens = problem.shape.tokens;
    return {{"t", tokens, tokens, 1 / std::sqrt(static_cast<double>(tokens))}};
  }
  double FlopsPerVector(const Problem& problem) const override {
    const auto tokens = static_cast<double>(problem.shape.tokens);
    return 2 * tokens * tokens;
  }
  int64_t Workspace(const Problem&, int64_t) const override { return 0; }
  absl::StatusOr<std::unique_ptr<LocalMixer>> MakeLocal(
      const Problem& problem, Device& device, const LocalOperands& operands) const override {
    return std::make_unique<LocalMlpMixer>(problem, device, operands);
  }
  std::unique_ptr<ReferenceMap> MakeReference(const Problem&,
                                              const ReferenceWeights& weights) const override {
    return std::make_unique<ColumnMap>(weights);
  }
  double ForwardRoundings(const Problem& problem) const override {
    return static_cast<double>(problem.shape.tokens);
  }
  absl::StatusOr<double> IntegerBound(const Problem& problem) const override {
    return 4.0 * static_cast<double>(problem.shape.tokens);
  }
};

const RegisterOperator kRegister(std::make_unique<MlpMixer>());

}  // namespace
}  // namespace basisbench
