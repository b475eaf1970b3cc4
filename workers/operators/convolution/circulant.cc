// SPDX-License-Identifier: Apache-2.0
// Cyclic convolution with one filter, Y[i] = sum_k w[(i - k) mod n] X[k] along either axis: every
// map that is diagonal in the Fourier basis.
//   FLOPs 5 n lg n + 6 (n/2 + 1) a vector; backward 7.5 n lg n + 14 (n/2 + 1). Parameters n.
#include "services/base/status_macros.h"
#include "workers/operators/convolution/convolution.h"
#include "workers/operators/mixer/axis.h"
#include "workers/operators/registry.h"
#include "workers/operators/resolve.h"

namespace basisbench {
namespace {

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "circulant";
  description.family = "convolution";
  description.axis = "channel";
  description.formula = "y[i] = sum_k w[(i - k) mod n] x[k]";
  description.source = "definition; Davis, Circulant Matrices, 1979";
  description.flops_formula = "V (5 n lg n + 6 (n/2 + 1)), V vectors of length n";
  description.parameters = {AxisParameter()};
  return description;
}

class Circulant : public Convolution {
 public:
  Circulant() : Convolution(Describe()) {}

  absl::Status ResolveMixer(Problem& problem) const override {
    BB_RETURN_IF_ERROR(CheckAxis(problem));
    return RequireSquare(problem);
  }
  ConvolutionGeometry Geometry(const Problem& problem) const override {
    const int64_t n = InputLength(problem);
    return {.in = n, .out = n, .taps = n, .origin = 0, .length = n, .cyclic = true};
  }
};

const RegisterOperator kRegister(std::make_unique<Circulant>());

}  // namespace
}  // namespace basisbench
