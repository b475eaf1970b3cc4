// SPDX-License-Identifier: Apache-2.0
// Two diagonals around a cosine transform and its inverse along either axis, y = A C D C^-1 x, C
// the orthonormal DCT-II.
//   FLOPs 5 n lg n + 8 n a vector. Parameters 2n, degrees of freedom 2n - 1.
// Moczulski, Denil, Appleyard, de Freitas, "ACDC: a structured efficient linear layer" (ICLR 2016).
#include <cmath>
#include <cstdlib>
#include <numbers>

#include "workers/operators/chain/chain.h"
#include "workers/operators/mixer/axis.h"
#include "workers/operators/registry.h"

namespace basisbench {
namespace {

// Products of cosines are sums of cosines, so C D C^-1 is a Toeplitz and a Hankel matrix out of
// q[m] = sum_j d[j] cos(pi (2j + 1) m / 2n):
//   M[k, i] = a[i] s_i s_k (q[|i - k|] + q[i + k]) / 2.
class AcdcMap : public ReferenceMap {
 public:
  explicit AcdcMap(const ReferenceWeights& weights)
      : a_(weights.at("a")), n_(static_cast<int64_t>(a_.size())) {
    const std::vector<double>& d = weights.at("d");
    std::vector<double> cosines;
    for (int64_t t = 0; t < 4 * n_; ++t)
      cosines.push_back(
          std::cos(std::numbers::pi * static_cast<double>(t) / static_cast<double>(2 * n_)));
    for (int64_t m = 0; m < 2 * n_ - 1; ++m) {
      long double sum = 0;
      for (int64_t j = 0; j < n_; ++j) sum += d[j] * cosines[(2 * j + 1) * m % (4 * n_)];
      q_.push_back(static_cast<double>(sum));
    }
  }
  void Row(int64_t, int64_t input, absl::Span<double> outputs) const override {
    for (int64_t i = 0; i < n_; ++i)
      outputs[i] = a_[i] * Scale(i) * Scale(input) * (q_[std::abs(i - input)] + q_[i + input]) / 2;
  }

 private:
  double Scale(int64_t k) const {
    return std::sqrt((k == 0 ? 1.0 : 2.0) / static_cast<double>(n_));
  }

  const std::vector<double> a_;
  const int64_t n_;
  std::vector<double> q_;
};

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "acdc";
  description.family = "structured";
  description.axis = "channel";
  description.formula = "y = A C D C^-1 x, C the orthonormal DCT-II";
  description.source = "Moczulski et al., ICLR 2016";
  description.flops_formula = "V (5 n lg n + 8 n), V vectors of length n";
  description.parameters = {AxisParameter()};
  return description;
}

class Acdc : public Chain {
 public:
  Acdc()
      : Chain(Describe(), {{Factor::kInverseCosine},
                           {Factor::kDiagonal, "d"},
                           {Factor::kCosine},
                           {Factor::kDiagonal, "a"}}) {}

  std::unique_ptr<ReferenceMap> MakeReference(const Problem&,
                                              const ReferenceWeights& weights) const override {
    return std::make_unique<AcdcMap>(weights);
  }
};

const RegisterOperator kRegister(std::make_unique<Acdc>());

}  // namespace
}  // namespace basisbench
