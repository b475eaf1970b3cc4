// SPDX-License-Identifier: Apache-2.0
// A Walsh-Hadamard transform between two diagonals along either axis, y = D2 H D1 x with H
// orthonormal in Sylvester's order, n a power of two.
//   FLOPs n lg n + 2 n a vector. Parameters 2n, degrees of freedom 2n - 1.
#include <bit>
#include <cmath>

#include "workers/operators/chain/chain.h"
#include "workers/operators/mixer/axis.h"
#include "workers/operators/registry.h"

namespace basisbench {
namespace {

// M[k, i] = d1[k] (-1)^popcount(k and i) d2[i] / sqrt(n).
class DwhtdMap : public ReferenceMap {
 public:
  explicit DwhtdMap(const ReferenceWeights& weights)
      : d1_(weights.at("d1")), d2_(weights.at("d2")) {}
  void Row(int64_t, int64_t input, absl::Span<double> outputs) const override {
    const double scale = d1_[input] / std::sqrt(static_cast<double>(d1_.size()));
    for (size_t i = 0; i < outputs.size(); ++i) {
      const int bits = std::popcount(static_cast<uint64_t>(input) & i);
      outputs[i] = (bits % 2 == 0 ? scale : -scale) * d2_[i];
    }
  }

 private:
  const std::vector<double> d1_, d2_;
};

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "dwhtd";
  description.family = "structured";
  description.axis = "channel";
  description.formula = "y = D2 H D1 x, H Walsh-Hadamard, orthonormal";
  description.source = "Ailon, Chazelle, SIAM J. Computing 2009 (H D), with a second diagonal";
  description.flops_formula = "V (n lg n + 2 n), V vectors of length n";
  description.parameters = {AxisParameter()};
  return description;
}

class Dwhtd : public Chain {
 public:
  Dwhtd()
      : Chain(Describe(),
              {{Factor::kDiagonal, "d1"}, {Factor::kHadamard}, {Factor::kDiagonal, "d2"}}) {}

  std::unique_ptr<ReferenceMap> MakeReference(const Problem&,
                                              const ReferenceWeights& weights) const override {
    return std::make_unique<DwhtdMap>(weights);
  }
};

const RegisterOperator kRegister(std::make_unique<Dwhtd>());

}  // namespace
}  // namespace basisbench
