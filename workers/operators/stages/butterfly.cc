// SPDX-License-Identifier: Apache-2.0
// Butterfly matrices, B = B_n ... B_4 B_2, strides 1, 2, ..., n / 2: the
// structure of fast transforms. They contain the Walsh-Hadamard transform and products of 2 x 2
// Kronecker factors; complex ones the Fourier transform after a bit reversal.
//   FLOPs 4 N n lg n, parameters 2 n lg n (n (lg n + 1) degrees of freedom).
#include "workers/operators/mixer/axis.h"
#include "workers/operators/registry.h"
#include "workers/operators/stages/butterfly_mixer.h"
#include "workers/operators/stages/butterfly_switch.h"

namespace basisbench {
namespace {

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "butterfly";
  description.family = "structured";
  description.axis = "channel";
  description.formula = "Y = B_n ... B_4 B_2 X, B_2s: 2 x 2 blocks on pairs (i, i + s)";
  description.source = "Dao et al., ICML 2019";
  description.flops_formula = "4 N n lg n";
  description.parameters = {AxisParameter()};
  return description;
}

class Butterfly : public ButterflyMixer {
 public:
  Butterfly() : ButterflyMixer(Describe()) {
    Add(SwitchSharding(*this, [this](const Problem& problem) {
      return MakeButterflySwitch(InputLength(problem));
    }));
  }
  std::vector<int64_t> Strides(const Problem& problem) const override {
    std::vector<int64_t> strides;
    for (int64_t stride = 1; stride < InputLength(problem); stride *= 2) strides.push_back(stride);
    return strides;
  }
  double BackwardFlopsPerVector(const Problem& problem) const override {
    const double whole = ButterflyMixer::BackwardFlopsPerVector(problem);
    if (problem.sharding != "all_to_all" || problem.ranks == 1) return whole;
    // What the first factors make is not kept while the others are at work.
    const int64_t n = InputLength(problem);
    return whole + 4.0 * static_cast<double>(n * CutButterfly(n).factors);
  }
};

const RegisterOperator kRegister(std::make_unique<Butterfly>());

}  // namespace
}  // namespace basisbench
