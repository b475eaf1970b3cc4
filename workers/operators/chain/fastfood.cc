// SPDX-License-Identifier: Apache-2.0
// Fastfood along either axis, y = S H G P H B x: three diagonals, two Walsh-Hadamard transforms
// (orthonormal, Sylvester's order, n a power of two) and a fixed random permutation, (P z)[j] =
// z[p(j)].
//   FLOPs 2 n lg n + 3 n a vector. Parameters 3n, degrees of freedom 3n - 2.
// Le, Sarlos, Smola, "Fastfood: approximating kernel expansions in loglinear time" (ICML 2013).
#include <algorithm>
#include <numeric>
#include <utility>

#include "workers/operators/chain/chain.h"
#include "workers/operators/input_values.h"
#include "workers/operators/mixer/axis.h"
#include "workers/operators/parameters.h"
#include "workers/operators/registry.h"

namespace basisbench {
namespace {

// Fisher and Yates' shuffle of 0 ... n - 1.
std::vector<int32_t> Shuffled(int64_t seed, int64_t n) {
  const TensorValues uniform(static_cast<uint64_t>(seed), "permutation", Distribution::kUniform);
  std::vector<int32_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  for (int64_t i = n - 1; i > 0; --i) {
    const double at = 0.5 * (uniform.At(0, i) + 1) * static_cast<double>(i + 1);
    std::swap(order[i], order[std::min(i, static_cast<int64_t>(at))]);
  }
  return order;
}

// z H by halves of parts: H_2m = [H_m H_m; H_m -H_m].
void TimesHadamard(absl::Span<long double> z) {
  for (size_t half = z.size() / 2; half > 0; half /= 2) {
    for (size_t part = 0; part < z.size(); part += 2 * half) {
      for (size_t i = part; i < part + half; ++i) {
        const long double sum = z[i] + z[half + i], difference = z[i] - z[half + i];
        z[i] = sum;
        z[half + i] = difference;
      }
    }
  }
}

// Of a unit at k: column k of H times b[k], permuted and scaled by g, through H, scaled by s.
class FastfoodMap : public ReferenceMap {
 public:
  FastfoodMap(std::vector<int32_t> order, const ReferenceWeights& weights)
      : order_(std::move(order)), b_(weights.at("b")), g_(weights.at("g")), s_(weights.at("s")) {}
  void Row(int64_t, int64_t input, absl::Span<double> outputs) const override {
    const size_t n = outputs.size();
    std::vector<long double> z(n, 0), permuted(n);
    z[input] = b_[input];
    TimesHadamard(absl::MakeSpan(z));
    for (size_t j = 0; j < n; ++j) permuted[j] = g_[j] * z[order_[j]];
    TimesHadamard(absl::MakeSpan(permuted));
    // Two times 1 / sqrt(n).
    for (size_t j = 0; j < n; ++j)
      outputs[j] = static_cast<double>(s_[j] * permuted[j] / static_cast<long double>(n));
  }

 private:
  const std::vector<int32_t> order_;
  const std::vector<double> b_, g_, s_;
};

OperatorDescription Describe() {
  OperatorDescription description;
  description.name = "fastfood";
  description.family = "structured";
  description.axis = "channel";
  description.formula = "y = S H G P H B x, H Walsh-Hadamard, P a fixed permutation";
  description.source = "Le, Sarlos, Smola, ICML 2013";
  description.flops_formula = "V (2 n lg n + 3 n), V vectors of length n";
  description.parameters = {AxisParameter(), {"seed", "of the permutation", "1", 0, 1 << 30}};
  return description;
}

class Fastfood : public Chain {
 public:
  Fastfood()
      : Chain(Describe(), {{Factor::kDiagonal, "b"},
                           {Factor::kHadamard},
                           {Factor::kPermutation},
                           {Factor::kDiagonal, "g"},
                           {Factor::kHadamard},
                           {Factor::kDiagonal, "s"}}) {}

  std::vector<int32_t> Permutation(const Problem& problem, int64_t n) const override {
    return Shuffled(IntegerParameter(problem, "seed"), n);
  }
  std::unique_ptr<ReferenceMap> MakeReference(const Problem& problem,
                                              const ReferenceWeights& weights) const override {
    return std::make_unique<FastfoodMap>(Permutation(problem, InputLength(problem)), weights);
  }
};

const RegisterOperator kRegister(std::make_unique<Fastfood>());

}  // namespace
}  // namespace basisbench
