// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/mixer/mixer_layout.h"

#include "workers/collectives/traffic_model.h"
#include "workers/operators/partition.h"

namespace basisbench {
namespace {

// Gradients of shared weights start on multiples of this many elements: 64 bytes and more.
constexpr int64_t kAlignment = 16;

}  // namespace

MixerLayout::MixerLayout(const Mixer& mixer, const Problem& problem, int rank_)
    : tokens(problem.shape.tokens),
      ranks(problem.ranks),
      rank(rank_),
      dtype(problem.dtype),
      backward(problem.direction == "backward"),
      mixes_tokens(mixer.MixesTokens(problem)),
      held_by_rows(problem.sharding == "token"),
      moves(problem.ranks > 1 && held_by_rows == mixes_tokens),
      rows(PartOf(tokens, ranks, rank)),
      weights(mixer.Weights(problem)) {
  const auto [n, d_in, d_out] = problem.shape;
  vectors = mixes_tokens ? PartOf(d_in, ranks, rank).count : rows.count;
  if (!backward) {
    activations = {{"x", d_in, true}, {"y", d_out, false}};
  } else {
    if (!weights.empty()) activations.push_back({"x", d_in, true});
    activations.push_back({"dy", d_out, true});
    activations.push_back({"dx", d_in, false});
    if (mixer.NeedsOutput(problem)) activations.push_back({"y", d_out, false});
  }
  for (const Weight& weight : weights) {
    weight_cols.push_back(weight.by_channel ? PartOf(weight.cols, ranks, rank)
                                            : Piece{0, weight.cols});
    shared_offset.push_back(shared_elements);
    if (weight.by_channel || !backward) continue;
    shared_elements += (weight.rows * weight.cols + kAlignment - 1) / kAlignment * kAlignment;
  }
}

int64_t MixerLayout::HeldElements(int64_t width) const {
  return HeldRows().count * HeldCols(width).count;
}

int64_t MixerLayout::WholeElements(int64_t width) const {
  return mixes_tokens ? tokens * PartOf(width, ranks, rank).count : rows.count * width;
}

Piece MixerLayout::HeldCols(int64_t width) const {
  return held_by_rows ? Piece{0, width} : PartOf(width, ranks, rank);
}

RankCost MixerRankCost(const Mixer& mixer, const Problem& problem, int rank) {
  const MixerLayout layout(mixer, problem, rank);
  RankCost cost{mixer.Workspace(problem, layout.vectors) + layout.shared_elements};
  int64_t staging = 0;
  for (const Activation& activation : layout.activations) {
    cost.elements += layout.HeldElements(activation.width);
    if (!layout.moves) continue;
    const Redistribution redistribution(layout.dtype, layout.tokens, activation.width, layout.ranks,
                                        rank);
    cost.elements += layout.WholeElements(activation.width);
    staging = std::max(staging, redistribution.ByRows());
    AddTraffic(activation.incoming == layout.held_by_rows ? redistribution.SendRowsTraffic()
                                                          : redistribution.SendColumnsTraffic(),
               cost.traffic);
  }
  cost.elements += staging;
  for (size_t i = 0; i < layout.weights.size(); ++i) {
    const int64_t elements = layout.weights[i].rows * layout.weight_cols[i].count;
    const bool own_gradient = layout.backward && layout.weights[i].by_channel;
    cost.elements += elements * (own_gradient ? 2 : 1);
  }
  if (layout.shared_elements > 0 && layout.ranks > 1)
    AddTraffic(AllReduceTraffic(layout.dtype, layout.shared_elements, rank, layout.ranks),
               cost.traffic);
  return cost;
}

}  // namespace basisbench
