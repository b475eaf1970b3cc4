// SPDX-License-Identifier: Apache-2.0
// Where everything of a head mixer's case is on one rank, for the shardings "column" and
// "all_to_all": data shared by the plan and the declared cost.
#pragma once

#include <vector>

#include "workers/operators/heads/head_mixer.h"
#include "workers/operators/mixer/redistribution.h"
#include "workers/operators/partition.h"

namespace basisbench {

// One of the inputs, "y", "dy", or the gradient of an input.
struct HeadActivation {
  std::string tensor;
  int64_t width = 0;  // columns of one group of heads
  bool incoming = false;
};

std::vector<HeadActivation> HeadActivations(const HeadMixer& mixer, const Problem& problem);

struct HeadLayout {
  HeadLayout(const HeadMixer& mixer, const Problem& problem, int rank);

  // Elements held, and while the heads are whole (the same where nothing moves).
  int64_t HeldElements(int64_t width) const {
    return by_tokens ? rows.count * all_groups * width : WholeElements(width);
  }
  int64_t WholeElements(int64_t width) const { return tokens * groups.count * width; }
  Redistribution RedistributionOf(int64_t width) const {
    return {dtype, tokens, all_groups * width, ranks, rank, width};
  }
  int64_t Heads() const { return groups.count * group_size; }

  int64_t tokens, group_size, all_groups;
  int ranks, rank;
  Dtype dtype;
  bool backward;
  bool by_tokens;  // sharding "all_to_all"
  bool moves;      // and there is somewhere to move to
  Piece rows, groups;
  std::vector<HeadActivation> activations;
};

// Memory and traffic of the rank.
RankCost HeadRankCost(const HeadMixer& mixer, const Problem& problem, int rank);

absl::StatusOr<std::unique_ptr<Plan>> MakeHeadPlan(const HeadMixer& mixer, const Problem& problem,
                                                   Device& device, Communicator& communicator);

}  // namespace basisbench
