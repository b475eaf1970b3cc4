// SPDX-License-Identifier: Apache-2.0
// Product of two polynomials modulo x^n, one of them the weight: Y[i] = sum_(k <= i) w[i - k] X[k]
// along either axis, a lower triangular Toeplitz matrix. A cyclic convolution of length L >= 2n - 1
// leaves the first n coefficients as they are.
//   FLOPs 5 L lg L + 6 (L/2 + 1) a vector; backward 7.5 L lg L + 14 (L/2 + 1). Parameters n.
#include "services/base/status_macros.h"
#include "workers/operators/convolution/convolution.h"
#include "workers/operators/mixer/axis.h"
#include "workers/operators/registry.h"
#include "workers/operators/resolve.h"

namespace basisbench {
namespace {

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "polymul";
  description.family = "convolution";
  description.axis = "channel";
  description.formula = "y[i] = sum_{k<=i} w[i - k] x[k]";
  description.source = "definition; Aho, Hopcroft, Ullman, 1974, section 7";
  description.flops_formula =
      "V (5 L lg L + 6 (L/2 + 1)), V vectors, L >= 2n - 1 with prime factors 2, 3, 5";
  description.parameters = {AxisParameter()};
  return description;
}

class Polymul : public Convolution {
 public:
  Polymul() : Convolution(Describe()) {}

  absl::Status ResolveMixer(Problem& problem) const override {
    BB_RETURN_IF_ERROR(CheckAxis(problem));
    return RequireSquare(problem);
  }
  ConvolutionGeometry Geometry(const Problem& problem) const override {
    const int64_t n = InputLength(problem);
    return {.in = n, .out = n, .taps = n, .origin = 0, .length = FastLength(2 * n - 1)};
  }
};

const RegisterOperator kRegister(std::make_unique<Polymul>());

}  // namespace
}  // namespace basisbench
