// SPDX-License-Identifier: Apache-2.0
// A sum of Kronecker products, W = sum_k B_k (x) A_k: the input is a matrix whose rows A maps and
// whose columns B maps. With one term and orthogonal factors it contains the Walsh-Hadamard
// transform; a circulant matrix of length m^2 takes m terms.
//   The two-factor structure with gamma = phi = 1 (two_factor.h): FLOPs per vector 2 terms (K delta
//   + M beta), parameters terms (delta alpha + epsilon beta).
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
  description.name = "kron";
  description.family = "structured";
  description.axis = "channel";
  description.formula = "Y[e,d] = sum_t sum_b B_t[e,b] sum_a A_t[d,a] X[b,a]";
  description.source = "Van Loan and Pitsianis, 1993";
  description.flops_formula = "2 N terms (K delta + M beta), K = alpha beta, M = delta epsilon";
  description.parameters = {
      {"terms", "Kronecker products that are summed", "1", 1, 1 << 16},
      {"beta", "inputs of the outer factors; divides K; default: the divisor nearest sqrt(K)", "",
       1, 1 << 20},
      {"epsilon", "outputs of the outer factors; divides M; default: the divisor nearest sqrt(M)",
       "", 1, 1 << 20},
      AxisParameter()};
  return description;
}

class Kron : public TwoFactorMixer {
 public:
  Kron() : TwoFactorMixer(Describe()) {}

  absl::Status ResolveMixer(Problem& problem) const override {
    BB_RETURN_IF_ERROR(CheckAxis(problem));
    BB_RETURN_IF_ERROR(CutEvenly(problem, "beta", InputLength(problem)));
    return CutEvenly(problem, "epsilon", OutputLength(problem));
  }

  TwoFactorShape Shape(const Problem& problem) const override {
    const int64_t beta = IntegerParameter(problem, "beta");
    const int64_t epsilon = IntegerParameter(problem, "epsilon");
    return {.alpha = InputLength(problem) / beta,
            .beta = beta,
            .delta = OutputLength(problem) / epsilon,
            .epsilon = epsilon,
            .rho = IntegerParameter(problem, "terms")};
  }
};

const RegisterOperator kRegister(std::make_unique<Kron>());

}  // namespace
}  // namespace basisbench
