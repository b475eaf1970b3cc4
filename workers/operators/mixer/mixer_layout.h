// SPDX-License-Identifier: Apache-2.0
// Where everything of a mixer's case is on one rank: data shared by the plan and the declared cost,
// so that both follow one description.
#pragma once

#include <optional>
#include <vector>

#include "workers/operators/mixer/mixer.h"
#include "workers/operators/mixer/redistribution.h"

namespace basisbench {

// One of x, y, dx, dy.
struct Activation {
  const char* tensor;
  int64_t width;  // columns of the global matrix
  bool incoming;  // x, dy; the others are computed
};

struct MixerLayout {
  MixerLayout(const Mixer& mixer, const Problem& problem, int rank);

  // Elements a rank holds of a matrix of tokens x width before and after, and while it is mixed.
  int64_t HeldElements(int64_t width) const;
  int64_t WholeElements(int64_t width) const;
  // Rows and columns of a held matrix.
  Piece HeldRows() const { return held_by_rows ? rows : Piece{0, tokens}; }
  Piece HeldCols(int64_t width) const;

  int64_t tokens;
  int ranks, rank;
  Dtype dtype;
  bool backward, mixes_tokens;
  bool held_by_rows;  // sharding "token"
  bool moves;         // vectors are cut between ranks and have to be made whole
  Piece rows;         // own tokens
  int64_t vectors;    // own vectors
  std::vector<Activation> activations;
  std::vector<Weight> weights;
  std::vector<Piece> weight_cols;      // own columns of each weight
  std::vector<int64_t> shared_offset;  // of a shared weight's gradient in the reduced buffer
  int64_t shared_elements = 0;         // of that buffer; 0 forward
};

// Memory and traffic of the rank.
RankCost MixerRankCost(const Mixer& mixer, const Problem& problem, int rank);

absl::StatusOr<std::unique_ptr<Plan>> MakeMixerPlan(const Mixer& mixer, const Problem& problem,
                                                    Device& device, Communicator& communicator);

}  // namespace basisbench
