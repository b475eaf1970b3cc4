// SPDX-License-Identifier: Apache-2.0
// Mixers that are a product of diagonals, which are their weights, and fixed transforms: y = F_s
// ... F_2 F_1 x for each vector, along either axis (parameter `axis`). A block of vectors goes
// through all factors in the cache.
//   FLOPs of a vector: n for a diagonal, n lg n for a Walsh-Hadamard transform, 2.5 n lg n + 3 n
//   for a cosine transform. Backward once for the adjoint, once more as far as the last diagonal,
//   whose inputs are not kept from the forward direction, and 2 n for each gradient.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "workers/operators/mixer/mixer.h"

namespace basisbench {

enum class Factor {
  kDiagonal,
  kHadamard,  // orthonormal, Sylvester's order
  kCosine,    // DCT-II, orthonormal
  kInverseCosine,
  kPermutation,  // y[j] = x[permutation[j]]
};

struct ChainStep {
  Factor factor;
  std::string weight = "";  // of a diagonal
};

class Chain : public Mixer {
 public:
  // In the order they are applied.
  Chain(OperatorDescription description, std::vector<ChainStep> steps);

  // Of the factor kPermutation, for vectors of length n.
  virtual std::vector<int32_t> Permutation(const Problem& problem, int64_t n) const;

  const std::vector<ChainStep>& steps() const { return steps_; }
  bool Has(Factor factor) const;

  absl::Status ResolveMixer(Problem& problem) const override;
  bool MixesTokens(const Problem& problem) const override;
  std::vector<Weight> Weights(const Problem& problem) const override;
  double FlopsPerVector(const Problem& problem) const override;
  double BackwardFlopsPerVector(const Problem& problem) const override;
  int64_t Workspace(const Problem& problem, int64_t vectors) const override;
  absl::StatusOr<std::unique_ptr<LocalMixer>> MakeLocal(
      const Problem& problem, Device& device, const LocalOperands& operands) const override;
  double ForwardRoundings(const Problem& problem) const override;

  // Steps before the last diagonal: those that are taken again backward.
  size_t Repeated() const;
  size_t Diagonals() const;

 private:
  const std::vector<ChainStep> steps_;
};

}  // namespace basisbench
