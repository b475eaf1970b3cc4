// SPDX-License-Identifier: Apache-2.0
// Block-diagonal maps (grouped linear layers): block b of g maps its K / g inputs to its M / g
// outputs and sees nothing else.
//   FLOPs 2 N K M / g, parameters K M / g.
// Weights as a matrix: rows (block, output), columns the inputs of a block.
#pragma once

#include <memory>
#include <vector>

#include "workers/operators/mixer/tiled_mixer.h"

namespace basisbench {

class BlockDiag : public TiledMixer {
 public:
  BlockDiag();

  absl::Status ResolveMixer(Problem& problem) const override;
  std::vector<Weight> Weights(const Problem& problem) const override;
  double FlopsPerVector(const Problem& problem) const override;
  int64_t ScratchPerVector(const Problem&) const override { return 0; }
  absl::StatusOr<std::unique_ptr<TileKernel>> MakeKernel(
      const Problem& problem, Device& device, const LocalOperands& operands) const override;
  std::unique_ptr<ReferenceMap> MakeReference(const Problem& problem,
                                              const ReferenceWeights& weights) const override;
  double ForwardRoundings(const Problem& problem) const override;
  absl::StatusOr<double> IntegerBound(const Problem& problem) const override;
};

// Every rank has some of the blocks with all that belongs to them: nothing moves, and no gradient
// has to be summed.
Sharding BlockDiagBlocks();

}  // namespace basisbench
