// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/two_factor/two_factor.h"

#include <cmath>

namespace basisbench {
namespace {

// y[f, e, d] = sum over r, g, b of B[f, e; r, g, b] A[g, f, r, d; a] x[g, b, a].
class TwoFactorMap : public ReferenceMap {
 public:
  TwoFactorMap(const TwoFactorShape& shape, const ReferenceWeights& weights)
      : s_(shape), a_(weights.at("a")), b_(weights.at("b")) {}

  void Row(int64_t, int64_t input, absl::Span<double> outputs) const override {
    const int64_t a = input % s_.alpha, b = input / s_.alpha % s_.beta;
    const int64_t g = input / (s_.alpha * s_.beta);
    for (int64_t f = 0; f < s_.phi; ++f) {
      for (int64_t e = 0; e < s_.epsilon; ++e) {
        for (int64_t d = 0; d < s_.delta; ++d) {
          double sum = 0;
          for (int64_t r = 0; r < s_.rho; ++r) {
            const int64_t row = ((g * s_.phi + f) * s_.rho + r) * s_.delta + d;
            const int64_t col = (r * s_.gamma + g) * s_.beta + b;
            sum += a_[row * s_.alpha + a] * b_[(f * s_.epsilon + e) * s_.sums() + col];
          }
          outputs[(f * s_.epsilon + e) * s_.delta + d] = sum;
        }
      }
    }
  }

 private:
  const TwoFactorShape s_;
  const std::vector<double> a_, b_;
};

}  // namespace

std::vector<Weight> TwoFactorMixer::Weights(const Problem& problem) const {
  const TwoFactorShape s = Shape(problem);
  return {{"a", s.gamma * s.phi * s.rho * s.delta, s.alpha,
           1 / std::sqrt(static_cast<double>(s.alpha))},
          {"b", s.phi * s.epsilon, s.sums(), 1 / std::sqrt(static_cast<double>(s.sums()))}};
}

double TwoFactorMixer::FlopsPerVector(const Problem& problem) const {
  const TwoFactorShape s = Shape(problem);
  return 2.0 * static_cast<double>(s.rho) *
         (static_cast<double>(s.in()) * static_cast<double>(s.phi * s.delta) +
          static_cast<double>(s.out()) * static_cast<double>(s.gamma * s.beta));
}

double TwoFactorMixer::BackwardFlopsPerVector(const Problem& problem) const {
  const TwoFactorShape s = Shape(problem);
  return 2 * FlopsPerVector(problem) +
         2.0 * static_cast<double>(s.rho * s.phi * s.delta) * static_cast<double>(s.in());
}

int64_t TwoFactorMixer::ScratchPerVector(const Problem& problem) const {
  return Shape(problem).middle() * (problem.direction == "backward" ? 2 : 1);
}

std::unique_ptr<ReferenceMap> TwoFactorMixer::MakeReference(const Problem& problem,
                                                            const ReferenceWeights& weights) const {
  return std::make_unique<TwoFactorMap>(Shape(problem), weights);
}

double TwoFactorMixer::ForwardRoundings(const Problem& problem) const {
  const TwoFactorShape s = Shape(problem);
  return static_cast<double>(s.alpha + s.sums());
}

absl::StatusOr<double> TwoFactorMixer::IntegerBound(const Problem& problem) const {
  const TwoFactorShape s = Shape(problem);
  return 8.0 * static_cast<double>(s.alpha) * static_cast<double>(s.sums());
}

}  // namespace basisbench
