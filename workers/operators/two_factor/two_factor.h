// SPDX-License-Identifier: Apache-2.0
// The two-factor structure of Potapczynski et al., "Searching for efficient linear layers over a
// continuous space of structured matrices" (NeurIPS 2024): an input index (gamma, beta, alpha), an
// output index (phi, epsilon, delta), and
//   z[phi, delta, rho, gamma, beta] = sum_alpha A[phi, delta, rho, gamma, alpha] x[gamma, beta,
//   alpha] y[phi, epsilon, delta] = sum_(rho, gamma, beta) B[phi, epsilon, rho, gamma, beta] z[...]
// so that each block (phi, gamma) of the map is a sum of rho Kronecker products.
//   FLOPs per vector 2 rho (K phi delta + M gamma beta); parameters rho phi gamma (delta alpha +
//   epsilon beta). Backward twice that and the first factor once more: z is not kept.
// On a tile of vectors R both factors are batches of products without any permutation between:
//   z[phi][rho][gamma][beta][delta][R], y[phi][epsilon][(delta, R)].
// Weights as matrices: "a" has rows (gamma, phi, rho, delta) and columns alpha, "b" rows (phi,
// epsilon) and columns (rho, gamma, beta).
#pragma once

#include <memory>
#include <vector>

#include "workers/operators/mixer/digit_switch.h"
#include "workers/operators/mixer/tiled_mixer.h"

namespace basisbench {

struct TwoFactorShape {
  int64_t alpha = 1, beta = 1, gamma = 1;   // of the input, fastest first
  int64_t delta = 1, epsilon = 1, phi = 1;  // of the output, fastest first
  int64_t rho = 1;

  int64_t in() const { return gamma * beta * alpha; }
  int64_t out() const { return phi * epsilon * delta; }
  int64_t middle() const { return phi * rho * gamma * beta * delta; }  // elements of z
  int64_t sums() const { return rho * gamma * beta; }                  // terms of an output
};

// A mixer that is a setting of the structure; it says which.
class TwoFactorMixer : public TiledMixer {
 public:
  explicit TwoFactorMixer(OperatorDescription description);

  virtual TwoFactorShape Shape(const Problem& problem) const = 0;

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
