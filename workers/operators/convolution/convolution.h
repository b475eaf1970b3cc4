// SPDX-License-Identifier: Apache-2.0
// Mixers whose matrix is constant along its diagonals, as cyclic convolutions of a length that a
// fast Fourier transform likes: y = F^-1 (F w . F x). The filter is transformed once per run, or
// with its channel where each has its own; gradients of a shared filter are summed as spectra and
// transformed back once.
//   FLOPs of a vector of length L inside: 2.5 L lg L for each real transform, 6 for each product
//   of L/2 + 1 coefficients, 8 where it is summed. Forward two transforms (three with an own
//   filter), backward three (five).
#pragma once

#include <string>
#include <vector>

#include "workers/operators/mixer/mixer.h"

namespace basisbench {

// Tap t of the filter is what input k gives at output k + t - origin, modulo `length` if cyclic.
struct ConvolutionGeometry {
  int64_t in = 0, out = 0;
  int64_t taps = 0, origin = 0;
  int64_t length = 0;  // of the cyclic convolution
  bool cyclic = false;
  bool by_channel = false;
};

// The smallest length of at least `n` with no prime factor above 5: even, unless it is 1.
int64_t FastLength(int64_t n);

class Convolution : public Mixer {
 public:
  using Mixer::Mixer;

  virtual ConvolutionGeometry Geometry(const Problem& problem) const = 0;

  bool MixesTokens(const Problem& problem) const override;
  std::vector<Weight> Weights(const Problem& problem) const override;
  double FlopsPerVector(const Problem& problem) const override;
  double BackwardFlopsPerVector(const Problem& problem) const override;
  int64_t Workspace(const Problem& problem, int64_t vectors) const override;
  absl::StatusOr<std::unique_ptr<LocalMixer>> MakeLocal(
      const Problem& problem, Device& device, const LocalOperands& operands) const override;
  std::unique_ptr<ReferenceMap> MakeReference(const Problem& problem,
                                              const ReferenceWeights& weights) const override;
  double ForwardRoundings(const Problem& problem) const override;
};

}  // namespace basisbench
