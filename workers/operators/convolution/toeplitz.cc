// SPDX-License-Identifier: Apache-2.0
// Every matrix that is constant along its diagonals, Y[i] = sum_k w[i - k + n_in - 1] X[k] along
// either axis, as a cyclic convolution of a length L >= n_in + n_out - 1.
//   FLOPs 5 L lg L + 6 (L/2 + 1) a vector; backward 7.5 L lg L + 14 (L/2 + 1). Parameters
//   n_in + n_out - 1.
#include "services/base/status_macros.h"
#include "workers/operators/convolution/convolution.h"
#include "workers/operators/mixer/axis.h"
#include "workers/operators/registry.h"

namespace basisbench {
namespace {

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "toeplitz";
  description.family = "convolution";
  description.axis = "channel";
  description.formula = "y[i] = sum_k w[i - k + n_in - 1] x[k]";
  description.source = "definition; Gray, Toeplitz and Circulant Matrices: A Review, 2006";
  description.flops_formula =
      "V (5 L lg L + 6 (L/2 + 1)), V vectors, L >= n_in + n_out - 1 with prime factors 2, 3, 5";
  description.parameters = {AxisParameter()};
  return description;
}

class Toeplitz : public Convolution {
 public:
  Toeplitz() : Convolution(Describe()) {}

  absl::Status ResolveMixer(Problem& problem) const override { return CheckAxis(problem); }
  ConvolutionGeometry Geometry(const Problem& problem) const override {
    const int64_t in = InputLength(problem), out = OutputLength(problem);
    return {.in = in,
            .out = out,
            .taps = in + out - 1,
            .origin = in - 1,
            .length = FastLength(in + out - 1)};
  }
};

const RegisterOperator kRegister(std::make_unique<Toeplitz>());

}  // namespace
}  // namespace basisbench
