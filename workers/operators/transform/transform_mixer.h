// SPDX-License-Identifier: Apache-2.0
// A mixer without weights that is one fixed transform of each vector, along either axis (parameter
// `axis`). Backward it is the adjoint: as much work as forward.
#pragma once

#include <memory>

#include "workers/operators/mixer/mixer.h"
#include "workers/operators/transform/row_transform.h"

namespace basisbench {

class TransformMixer : public Mixer {
 public:
  using Mixer::Mixer;

  // The transform of vectors of length n, for blocks of them, and its workspace.
  virtual absl::StatusOr<std::unique_ptr<RowTransform>> MakeTransform(
      const Problem& problem, Device& device, const Blocks& blocks) const = 0;
  virtual int64_t TransformElements(int64_t n, int64_t rows) const = 0;

  absl::Status ResolveMixer(Problem& problem) const override;
  bool MixesTokens(const Problem& problem) const override;
  std::vector<Weight> Weights(const Problem&) const override { return {}; }
  int64_t Workspace(const Problem& problem, int64_t vectors) const override;
  absl::StatusOr<std::unique_ptr<LocalMixer>> MakeLocal(
      const Problem& problem, Device& device, const LocalOperands& operands) const override;

 private:
  Blocks BlocksFor(const Problem& problem, int64_t vectors) const;
};

}  // namespace basisbench
