// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/heads/head_layout.h"

#include <algorithm>

#include "workers/collectives/traffic_model.h"

namespace basisbench {

std::vector<HeadActivation> HeadActivations(const HeadMixer& mixer, const Problem& problem) {
  std::vector<HeadActivation> activations;
  const std::vector<HeadTensor> inputs = mixer.Inputs(problem);
  const int64_t group_size = mixer.GroupSize(problem);
  const auto width = [&](const HeadTensor& input) {
    return group_size / input.shared * input.width;
  };
  for (const HeadTensor& input : inputs) activations.push_back({input.name, width(input), true});
  const bool backward = problem.direction == "backward";
  activations.push_back(
      {backward ? "dy" : "y", group_size * HeadMixer::OutputWidth(problem), backward});
  for (size_t i = 0; backward && i < inputs.size(); ++i)
    activations.push_back({"d" + inputs[i].name, width(inputs[i]), false});
  return activations;
}

HeadLayout::HeadLayout(const HeadMixer& mixer, const Problem& problem, int rank_)
    : tokens(problem.shape.tokens),
      group_size(mixer.GroupSize(problem)),
      all_groups(HeadMixer::Heads(problem) / group_size),
      ranks(problem.ranks),
      rank(rank_),
      dtype(problem.dtype),
      backward(problem.direction == "backward"),
      by_tokens(problem.sharding == "all_to_all"),
      moves(by_tokens && problem.ranks > 1),
      rows(by_tokens ? PartOf(tokens, ranks, rank) : Piece{0, tokens}),
      groups(PartOf(all_groups, ranks, rank)),
      activations(HeadActivations(mixer, problem)) {}

RankCost HeadRankCost(const HeadMixer& mixer, const Problem& problem, int rank) {
  const HeadLayout layout(mixer, problem, rank);
  RankCost cost;
  if (layout.Heads() > 0) cost.elements = mixer.Workspace(problem, layout.Heads());
  int64_t staging = 0;
  for (const HeadActivation& activation : layout.activations) {
    cost.elements += layout.HeldElements(activation.width);
    if (!layout.moves) continue;
    const Redistribution redistribution = layout.RedistributionOf(activation.width);
    cost.elements += layout.WholeElements(activation.width);
    staging = std::max(staging, redistribution.ByRows());
    AddTraffic(activation.incoming ? redistribution.SendRowsTraffic()
                                   : redistribution.SendColumnsTraffic(),
               cost.traffic);
  }
  cost.elements += staging;
  return cost;
}

}  // namespace basisbench
