// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/stages/digit_mixer.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"

namespace basisbench {
namespace {

std::string WeightName(size_t factor) { return absl::StrCat("w", factor + 1); }

// The factors one after the other on a unit vector.
class DigitMap : public ReferenceMap {
 public:
  DigitMap(std::vector<Digit> digits, const ReferenceWeights& weights)
      : digits_(std::move(digits)) {
    for (size_t factor = 0; factor < digits_.size(); ++factor)
      w_.push_back(weights.at(WeightName(factor)));
  }

  void Row(int64_t, int64_t input, absl::Span<double> outputs) const override {
    const auto n = static_cast<int64_t>(outputs.size());
    std::vector<double> x(outputs.size(), 0.0), y(outputs.size());
    x[input] = 1;
    for (size_t factor = 0; factor < digits_.size(); ++factor) {
      std::fill(y.begin(), y.end(), 0.0);
      for (int64_t at = 0; at < n; ++at) {
        if (x[at] != 0) Spread(digits_[factor], w_[factor], at, x[at], y);
      }
      x.swap(y);
    }
    std::copy(x.begin(), x.end(), outputs.begin());
  }

 private:
  // What element `at` of value x adds to the elements of its group.
  static void Spread(const Digit& d, const std::vector<double>& w, int64_t at, double x,
                     std::vector<double>& y) {
    const int64_t block = at % d.block, inner = at / d.block % d.inner;
    const int64_t size = at / (d.block * d.inner) % d.size;
    const int64_t outer = at / (d.block * d.inner * d.size);
    const int64_t width = d.size * d.block, from = size * d.block + block;
    const double* matrix = &w[(outer * d.inner + inner) * width * width];
    for (int64_t h = 0; h < d.size; ++h) {
      for (int64_t b = 0; b < d.block; ++b)
        y[((outer * d.size + h) * d.inner + inner) * d.block + b] +=
            matrix[(h * d.block + b) * width + from] * x;
    }
  }

  const std::vector<Digit> digits_;
  std::vector<std::vector<double>> w_;
};

}  // namespace

double FactorFlops(const Digit& digit, int64_t n) {
  return 2.0 * static_cast<double>(n) * static_cast<double>(digit.size * digit.block);
}

std::vector<Weight> DigitMixer::Weights(const Problem& problem) const {
  std::vector<Weight> weights;
  for (const Digit& digit : Digits(problem)) {
    const int64_t width = digit.size * digit.block;
    weights.push_back({WeightName(weights.size()), InputLength(problem), width,
                       1 / std::sqrt(static_cast<double>(width))});
  }
  return weights;
}

double DigitMixer::FlopsPerVector(const Problem& problem) const {
  double flops = 0;
  for (const Digit& digit : Digits(problem)) flops += FactorFlops(digit, InputLength(problem));
  return flops;
}

std::unique_ptr<ReferenceMap> DigitMixer::MakeReference(const Problem& problem,
                                                        const ReferenceWeights& weights) const {
  return std::make_unique<DigitMap>(Digits(problem), weights);
}

double DigitMixer::ForwardRoundings(const Problem& problem) const {
  double terms = 0;
  for (const Digit& digit : Digits(problem)) terms += static_cast<double>(digit.size * digit.block);
  return terms;
}

absl::StatusOr<double> DigitMixer::IntegerBound(const Problem& problem) const {
  double bound = 2;
  for (const Digit& digit : Digits(problem))
    bound *= 2 * static_cast<double>(digit.size * digit.block);
  return bound;
}

}  // namespace basisbench
