// SPDX-License-Identifier: Apache-2.0
// Causal convolution along the tokens with a filter as long as the sequence for each channel,
// Y[n,c] = sum_(k <= n) W[n - k, c] X[k,c]: the ungated core of Hyena.
//   FLOPs 7.5 L lg L + 6 (L/2 + 1) a channel with L >= 2N - 1, the transform of its filter among
//   them; backward 12.5 L lg L + 12 (L/2 + 1). Parameters N K.
#include "workers/operators/convolution/convolution.h"
#include "workers/operators/registry.h"

namespace basisbench {
namespace {

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "long_conv";
  description.family = "convolution";
  description.axis = "token";
  description.formula = "Y[n,c] = sum_{k<=n} W[n-k,c] X[k,c]";
  description.source = "Poli et al., Hyena Hierarchy, ICML 2023, without gates";
  description.flops_formula =
      "K (7.5 L lg L + 6 (L/2 + 1)), L >= 2N - 1 with prime factors 2, 3, 5";
  return description;
}

class LongConv : public Convolution {
 public:
  LongConv() : Convolution(Describe()) {}

  absl::Status ResolveMixer(Problem&) const override { return absl::OkStatus(); }
  ConvolutionGeometry Geometry(const Problem& problem) const override {
    const int64_t n = problem.shape.tokens;
    return {.in = n,
            .out = n,
            .taps = n,
            .origin = 0,
            .length = FastLength(2 * n - 1),
            .by_channel = true};
  }
};

const RegisterOperator kRegister(std::make_unique<LongConv>());

}  // namespace
}  // namespace basisbench
