// SPDX-License-Identifier: Apache-2.0
// Products of butterfly factors: a factor takes each pair of elements (i, i + stride) through a 2 x
// 2 block of its own. Dao et al., "Learning fast algorithms for linear transforms using butterfly
// factorizations" (ICML 2019). A mixer says in which order the strides come.
//   FLOPs per vector 4 n for each factor (multiplications counted twice), parameters 2 n each.
//   Backward twice that and the factors once more, whose inputs are not kept.
// Weights as a matrix: rows (factor, pair, to), columns from.
#pragma once

#include <memory>
#include <vector>

#include "workers/operators/mixer/tiled_mixer.h"

namespace basisbench {

// The factors on tiles of n elements. (factors - 1) n elements of scratch for each vector backward,
// none forward.
std::unique_ptr<TileKernel> MakeButterflyKernel(int64_t n, std::vector<int64_t> strides,
                                                Dtype dtype, Device& device, const void* blocks,
                                                void* gradient);

class ButterflyMixer : public TiledMixer {
 public:
  using TiledMixer::TiledMixer;

  // First applied first. Powers of two below n.
  virtual std::vector<int64_t> Strides(const Problem& problem) const = 0;

  // Refuses lengths that are not a power of two of at least 2.
  absl::Status ResolveMixer(Problem& problem) const override;
  std::vector<Weight> Weights(const Problem& problem) const override;
  double FlopsPerVector(const Problem& problem) const override;
  double BackwardFlopsPerVector(const Problem& problem) const override;
  int64_t ScratchPerVector(const Problem& problem) const override;
  absl::StatusOr<std::unique_ptr<TileKernel>> MakeKernel(
      const Problem& problem, Device& device, const LocalOperands& operands) const override;
  std::unique_ptr<ReferenceMap> MakeReference(const Problem& problem,
                                              const ReferenceWeights& weights) const override;
  double ReferenceDerivative(const Problem& problem, const Operands& operands,
                             const Change& change) const override;
  double ForwardRoundings(const Problem& problem) const override;
  absl::StatusOr<double> IntegerBound(const Problem& problem) const override;
};

}  // namespace basisbench
