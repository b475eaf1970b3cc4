// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/heads/head_layout.h"

#include <algorithm>

#include "workers/collectives/traffic_model.h"

namespace basisbench {

std::vector<HeadActivation> HeadActivations(const HeadMixer& mixer, const Problem& problem) {
  std::vector<HeadActivation> activations;
  const std::vector<HeadTensor> inputs = mixer.Inputs(problem);
  for (const HeadTensor& input : inputs) activations.push_back({input.name, input.width, true});
  const bool backward = problem.direction == "backward";
  activations.push_back({backward ? "dy" : "y", HeadMixer::OutputWidth(problem), backward});
  for (size_t i = 0; backward && i < inputs.size(); ++i)
    activations.push_back({"d" + inputs[i].name, inputs[i].width, false});
  return activations;
}

HeadLayout::HeadLayout(const HeadMixer& mixer, const Problem& problem, int rank_)
    : tokens(problem.shape.tokens),
      all_heads(HeadMixer::Heads(problem)),
      ranks(problem.ranks),
      rank(rank_),
      dtype(problem.dtype),
      backward(problem.direction == "backward"),
      by_tokens(problem.sharding == "all_to_all"),
      moves(by_tokens && problem.ranks > 1),
      rows(by_tokens ? PartOf(tokens, ranks, rank) : Piece{0, tokens}),
      heads(PartOf(all_heads, ranks, rank)),
      activations(HeadActivations(mixer, problem)) {}

RankCost HeadRankCost(const HeadMixer& mixer, const Problem& problem, int rank) {
  const HeadLayout layout(mixer, problem, rank);
  RankCost cost;
  if (layout.heads.count > 0) cost.elements = mixer.Workspace(problem, layout.heads.count);
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
