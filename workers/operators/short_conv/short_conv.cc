// SPDX-License-Identifier: Apache-2.0
// Depthwise causal convolution along the tokens with a short filter for each channel,
// Y[n,c] = sum_l W[l,c] X[n-l,c]. Local: it carries what is near.
//   FLOPs 2 L per element. Parameters L K. Sharding "halo": halo_plan.h.
#include <algorithm>
#include <cmath>

#include "services/base/status_macros.h"
#include "workers/operators/mixer/mixer.h"
#include "workers/operators/parameters.h"
#include "workers/operators/registry.h"
#include "workers/operators/short_conv/halo_plan.h"
#include "workers/operators/short_conv/taps.h"

namespace basisbench {
namespace {

// Blocks of rows that stay in the cache while tap by tap is added to them: tap l adds rows 0 ...
// N-l-1 of X, weighted, to rows l ... N-1 of Y.
class LocalShortConv : public LocalMixer {
 public:
  LocalShortConv(const Problem& problem, Device& device, const LocalOperands& operands)
      : tokens_(problem.shape.tokens),
        taps_(std::min(tokens_, IntegerParameter(problem, "taps"))),
        unreached_(IntegerParameter(problem, "taps") - taps_),
        rows_(std::max<int64_t>(
            1, kBlockBytes / (std::max<int64_t>(1, operands.vectors) * DtypeSize(problem.dtype)))),
        forward_(problem.direction == "forward"),
        o_(operands),
        each_(problem.dtype, operands.vectors, device, operands.weights[0], operands.gradients[0]) {
  }

  absl::Status Run() override {
    for (int64_t first = 0; first < tokens_; first += rows_)
      BB_RETURN_IF_ERROR(Block({first, std::min(rows_, tokens_ - first)}));
    if (forward_) return absl::OkStatus();
    for (int64_t tap = 0; tap < taps_; ++tap)
      BB_RETURN_IF_ERROR(each_.Gradient(tap, tokens_ - tap, o_.x, each_.Row(o_.dy, tap), false));
    return unreached_ == 0 ? absl::OkStatus() : each_.ClearGradients(taps_, unreached_);
  }

 private:
  // All taps of some rows of the output.
  absl::Status Block(const Piece& rows) {
    for (int64_t tap = 0; tap < taps_; ++tap) {
      const int64_t end = rows.offset + rows.count;
      const int64_t from = forward_ ? std::max(rows.offset, tap) : rows.offset;
      const int64_t to = forward_ ? end : std::min(end, tokens_ - tap);
      BB_RETURN_IF_ERROR(forward_ ? each_.Spread(tap, to - from, each_.Row(o_.x, from - tap),
                                                 each_.Row(o_.y, from), tap > 0)
                                  : each_.Spread(tap, to - from, each_.Row(o_.dy, from + tap),
                                                 each_.Row(o_.dx, from), tap > 0));
    }
    return absl::OkStatus();
  }

  static constexpr int64_t kBlockBytes = int64_t{64} << 10;  // of output

  const int64_t tokens_, taps_, unreached_;  // taps beyond the sequence reach nothing
  const int64_t rows_;                       // of a block
  const bool forward_;
  const LocalOperands o_;
  const Taps each_;
};

// Of a unit at token n, channel c: W[l,c] at token n + l.
class ShortConvMap : public ReferenceMap {
 public:
  ShortConvMap(const Problem& problem, const ReferenceWeights& weights)
      : width_(problem.shape.d_in), taps_(IntegerParameter(problem, "taps")), w_(weights.at("w")) {}
  void Row(int64_t channel, int64_t input, absl::Span<double> outputs) const override {
    std::fill(outputs.begin(), outputs.end(), 0.0);
    const auto tokens = static_cast<int64_t>(outputs.size());
    for (int64_t tap = 0; tap < taps_ && input + tap < tokens; ++tap)
      outputs[input + tap] = w_[tap * width_ + channel];
  }

 private:
  const int64_t width_, taps_;
  const std::vector<double> w_;
};

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "short_conv";
  description.family = "convolution";
  description.axis = "token";
  description.formula = "Y[n,c] = sum_{l<L} W[l,c] X[n-l,c]";
  description.source = "definition; as in Hyena, Poli et al., ICML 2023";
  description.flops_formula = "2 L N K";
  description.parameters = {{"taps", "filter length L", "4", 1, 64}};
  return description;
}

class ShortConv : public Mixer {
 public:
  ShortConv() : Mixer(Describe(), {ShortConvHalo()}) {}

  absl::Status ResolveMixer(Problem&) const override { return absl::OkStatus(); }
  std::vector<Weight> Weights(const Problem& problem) const override {
    const int64_t taps = IntegerParameter(problem, "taps");
    return {{.name = "w",
             .rows = taps,
             .cols = problem.shape.d_in,
             .scale = 1 / std::sqrt(static_cast<double>(taps)),
             .by_channel = true}};
  }
  double FlopsPerVector(const Problem& problem) const override {
    return 2.0 * static_cast<double>(IntegerParameter(problem, "taps") * problem.shape.tokens);
  }
  int64_t Workspace(const Problem&, int64_t) const override { return 0; }
  absl::StatusOr<std::unique_ptr<LocalMixer>> MakeLocal(
      const Problem& problem, Device& device, const LocalOperands& operands) const override {
    return std::make_unique<LocalShortConv>(problem, device, operands);
  }
  std::unique_ptr<ReferenceMap> MakeReference(const Problem& problem,
                                              const ReferenceWeights& weights) const override {
    return std::make_unique<ShortConvMap>(problem, weights);
  }
  double ForwardRoundings(const Problem& problem) const override {
    return static_cast<double>(IntegerParameter(problem, "taps"));
  }
  absl::StatusOr<double> IntegerBound(const Problem& problem) const override {
    return 4.0 * static_cast<double>(IntegerParameter(problem, "taps"));
  }
};

const RegisterOperator kRegister(std::make_unique<ShortConv>());

}  // namespace
}  // namespace basisbench
