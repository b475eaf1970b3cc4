// SPDX-License-Identifier: Apache-2.0
// Kaleidoscope matrices, (B B*)^width: a butterfly whose strides come down, one whose strides go up
// again, and so on. Dao et al., "Kaleidoscope: an efficient, learnable representation for all
// structured linear maps" (ICLR 2020). One B B* contains every permutation (Benes) and every
// circulant matrix, which no single butterfly does.
//   FLOPs 8 width N n lg n, parameters 4 width n lg n.
#include "workers/operators/mixer/axis.h"
#include "workers/operators/parameters.h"
#include "workers/operators/registry.h"
#include "workers/operators/stages/butterfly_mixer.h"

namespace basisbench {
namespace {

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "kaleidoscope";
  description.family = "structured";
  description.axis = "channel";
  description.formula = "Y = (B B*)^width X, B butterfly factors of strides 1, 2, ..., n / 2";
  description.source = "Dao et al., ICLR 2020";
  description.flops_formula = "8 N width n lg n";
  description.parameters = {{"width", "products B B*", "1", 1, 64}, AxisParameter()};
  return description;
}

class Kaleidoscope : public ButterflyMixer {
 public:
  Kaleidoscope() : ButterflyMixer(Describe()) {}
  std::vector<int64_t> Strides(const Problem& problem) const override {
    const int64_t n = InputLength(problem), width = IntegerParameter(problem, "width");
    std::vector<int64_t> strides;
    for (int64_t i = 0; i < width; ++i) {
      for (int64_t stride = n / 2; stride >= 1; stride /= 2) strides.push_back(stride);
      for (int64_t stride = 1; stride < n; stride *= 2) strides.push_back(stride);
    }
    return strides;
  }
};

const RegisterOperator kRegister(std::make_unique<Kaleidoscope>());

}  // namespace
}  // namespace basisbench
