// SPDX-License-Identifier: Apache-2.0
// Block tensor-train with two cores (Qiu et al., "Compute better spent: replacing dense layers with
// structured matrices", ICML 2024): every block of consecutive inputs and outputs has rank at most
// r. Where outputs are strided instead, y[s l], it is the Monarch matrix of the same depth.
//   The two-factor structure with beta = delta = 1 (two_factor.h): FLOPs per vector 2 r (K phi + M
//   gamma), parameters r (K phi + M gamma); dense at r = the smaller side of a block.
#include "services/base/status_macros.h"
#include "workers/operators/mixer/axis.h"
#include "workers/operators/mixer/factoring.h"
#include "workers/operators/parameters.h"
#include "workers/operators/registry.h"
#include "workers/operators/two_factor/two_factor.h"

namespace basisbench {
namespace {

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "btt";
  description.family = "structured";
  description.axis = "channel";
  description.formula = "Y[f,e] = sum_rg B[f,e;r,g] sum_a A[g,f,r;a] X[g,a]";
  description.source = "Qiu et al., ICML 2024";
  description.flops_formula = "2 N rank (K phi + M gamma)";
  description.parameters = {
      {"rank", "rank of a block", "1", 1, 1 << 16},
      {"gamma", "input blocks; divides K; default: the divisor nearest sqrt(K)", "", 1, 1 << 20},
      {"phi", "output blocks; divides M; default: the divisor nearest sqrt(M)", "", 1, 1 << 20},
      AxisParameter()};
  return description;
}

class BlockTensorTrain : public TwoFactorMixer {
 public:
  BlockTensorTrain() : TwoFactorMixer(Describe()) {}

  absl::Status ResolveMixer(Problem& problem) const override {
    BB_RETURN_IF_ERROR(CheckAxis(problem));
    BB_RETURN_IF_ERROR(CutEvenly(problem, "gamma", InputLength(problem)));
    return CutEvenly(problem, "phi", OutputLength(problem));
  }

  TwoFactorShape Shape(const Problem& problem) const override {
    const int64_t gamma = IntegerParameter(problem, "gamma");
    const int64_t phi = IntegerParameter(problem, "phi");
    return {.alpha = InputLength(problem) / gamma,
            .gamma = gamma,
            .epsilon = OutputLength(problem) / phi,
            .phi = phi,
            .rho = IntegerParameter(problem, "rank")};
  }
};

const RegisterOperator kRegister(std::make_unique<BlockTensorTrain>());

}  // namespace
}  // namespace basisbench
