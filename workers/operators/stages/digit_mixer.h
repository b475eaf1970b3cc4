// SPDX-License-Identifier: Apache-2.0
// Products of factors each of which mixes one digit of the index. A length n = outer x size x inner
// x block is cut, for each factor, into [outer][size][inner][block]; for every (outer, inner) the
// factor has a matrix of its own over the size x block elements.
//   FLOPs per vector 2 n size block for each factor, parameters n size block each. Backward twice
//   that and all factors but the last once more, whose inputs are not kept.
// Weights as matrices: "w1", "w2", ... in the order they are applied, each with rows (outer, inner,
// to) and columns from, both (size, block).
#pragma once

#include <memory>
#include <vector>

#include "workers/operators/mixer/tiled_mixer.h"

namespace basisbench {

struct Digit {
  int64_t outer = 1, size = 1, inner = 1, block = 1;
};

// Executed FLOPs of one factor for one vector of n elements.
double FactorFlops(const Digit& digit, int64_t n);

// The factors on tiles of n elements: of `operands` it has one weight for each. DigitScratch
// elements of scratch for each vector.
std::unique_ptr<TileKernel> MakeDigitKernel(int64_t n, const std::vector<Digit>& digits,
                                            Dtype dtype, Device& device,
                                            const LocalOperands& operands);
int64_t DigitScratch(int64_t n, int64_t factors, bool backward);

// Sharding "all_to_all" cuts by blocks before some of the factors and by places after them.
class DigitMixer : public TiledMixer {
 public:
  explicit DigitMixer(OperatorDescription description);

  // First applied first.
  virtual std::vector<Digit> Digits(const Problem& problem) const = 0;

  std::vector<Weight> Weights(const Problem& problem) const override;
  double FlopsPerVector(const Problem& problem) const override;
  double BackwardFlopsPerVector(const Problem& problem) const override;
  int64_t ScratchPerVector(const Problem& problem) const override;
  absl::StatusOr<std::unique_ptr<TileKernel>> MakeKernel(
      const Problem& problem, Device& device, const LocalOperands& operands) const override;
  std::unique_ptr<ReferenceMap> MakeReference(const Problem& problem,
                                              const ReferenceWeights& weights) const override;
  double ForwardRoundings(const Problem& problem) const override;
  absl::StatusOr<double> IntegerBound(const Problem& problem) const override;
};

}  // namespace basisbench
