// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/convolution/convolution.h"

#include <algorithm>
#include <cmath>

#include "services/base/status_macros.h"
#include "workers/operators/convolution/local_convolution.h"
#include "workers/operators/mixer/axis.h"
#include "workers/operators/mixer/fft_cost.h"
#include "workers/operators/mixer/row_spectra.h"

namespace basisbench {
namespace {

// M[k, i] = w[i - k + origin], where there is such a tap.
class DiagonalsMap : public ReferenceMap {
 public:
  DiagonalsMap(const ConvolutionGeometry& geometry, int64_t width, std::vector<double> w)
      : g_(geometry), width_(width), w_(std::move(w)) {}
  void Row(int64_t channel, int64_t input, absl::Span<double> outputs) const override {
    for (int64_t i = 0; i < g_.out; ++i) {
      int64_t tap = i - input + g_.origin;
      if (g_.cyclic) tap = (tap + g_.length) % g_.length;
      const bool there = tap >= 0 && tap < g_.taps;
      outputs[i] = !there ? 0 : g_.by_channel ? w_[tap * width_ + channel] : w_[tap];
    }
  }

 private:
  const ConvolutionGeometry g_;
  const int64_t width_;
  const std::vector<double> w_;
};

}  // namespace

int64_t FastLength(int64_t n) {
  if (n <= 1) return 1;
  for (int64_t length = n + n % 2;; length += 2) {
    int64_t rest = length;
    for (const int64_t prime : {2, 3, 5}) {
      while (rest % prime == 0) rest /= prime;
    }
    if (rest == 1) return length;
  }
}

bool Convolution::MixesTokens(const Problem& problem) const {
  return problem.parameters.count("axis") > 0 ? AlongTokens(problem) : Mixer::MixesTokens(problem);
}

std::vector<Weight> Convolution::Weights(const Problem& problem) const {
  const ConvolutionGeometry geometry = Geometry(problem);
  Weight weight{.name = "w", .rows = 1, .cols = geometry.taps};
  weight.scale = 1 / std::sqrt(static_cast<double>(geometry.in));
  if (geometry.by_channel) {
    weight.rows = geometry.taps;
    weight.cols = problem.shape.d_in;
    weight.by_channel = true;
  }
  return {weight};
}

double Convolution::FlopsPerVector(const Problem& problem) const {
  const ConvolutionGeometry geometry = Geometry(problem);
  const auto half = static_cast<double>(RowSpectra::Coefficients(geometry.length));
  return (geometry.by_channel ? 3 : 2) * RealFftFlops(geometry.length) + 6 * half;
}

double Convolution::BackwardFlopsPerVector(const Problem& problem) const {
  const ConvolutionGeometry geometry = Geometry(problem);
  const auto half = static_cast<double>(RowSpectra::Coefficients(geometry.length));
  if (geometry.by_channel) return 5 * RealFftFlops(geometry.length) + 12 * half;
  return 3 * RealFftFlops(geometry.length) + 14 * half;
}

int64_t Convolution::Workspace(const Problem& problem, int64_t vectors) const {
  return LocalConvolutionElements(*this, problem, vectors);
}

absl::StatusOr<std::unique_ptr<LocalMixer>> Convolution::MakeLocal(
    const Problem& problem, Device& device, const LocalOperands& operands) const {
  return MakeLocalConvolution(*this, problem, device, operands);
}

std::unique_ptr<ReferenceMap> Convolution::MakeReference(const Problem& problem,
                                                         const ReferenceWeights& weights) const {
  return std::make_unique<DiagonalsMap>(Geometry(problem), problem.shape.d_in, weights.at("w"));
}

// Three transforms one after the other.
double Convolution::ForwardRoundings(const Problem& problem) const {
  return 3 * FftRoundings(Geometry(problem).length);
}

}  // namespace basisbench
