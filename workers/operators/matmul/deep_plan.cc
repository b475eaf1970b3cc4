// SPDX-License-Identifier: Apache-2.0
// Three-dimensional matmul, the 2.5-D algorithm (Solomonik, Demmel 2011) with operands spread over
// all ranks to begin with: D layers of an R x C grid each multiply a slice of the inner dimension
// by SUMMA, then the layers' partial products are summed, each rank keeping part of its block's
// rows. Deeper grids send less of X and W and more of Y.
//   Bytes b (own X elements (C - 1) + own W elements (R - 1) + block of Y (D - 1)/D).
// Backward the layers start by gathering their block of dY, which lies as Y ended, and each has the
// gradients of its own slice.
#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/base/status_macros.h"
#include "workers/collectives/traffic_model.h"
#include "workers/operators/matmul/matmul_plans.h"
#include "workers/operators/overlap.h"
#include "workers/operators/partition.h"

namespace basisbench {
namespace {

// One rank's place and its layer's problem.
struct Layer {
  Layer(const Problem& problem, const DeepGrid& grid, int rank)
      : depth(rank / (grid.rows * grid.cols)),
        rank_in_layer(rank % (grid.rows * grid.cols)),
        slice(PartOf(problem.shape.d_in, grid.depth, depth)),
        of_layer(problem) {
    of_layer.sharding = "summa";
    of_layer.shape.d_in = slice.count;
    of_layer.ranks = grid.rows * grid.cols;
    of_layer.grid = absl::StrCat(grid.rows, "x", grid.cols);
    const Piece rows = PartOf(problem.shape.tokens, grid.rows, rank_in_layer / grid.cols);
    const Piece cols = PartOf(problem.shape.d_out, grid.cols, rank_in_layer % grid.cols);
    kept = PartsOf(rows.count, grid.depth, cols.count);
    kept_rows = PartOf(rows.count, grid.depth, depth);
  }

  int depth, rank_in_layer;
  Piece slice;  // of d_in
  Problem of_layer;
  std::vector<Piece> kept;  // by depth, in elements of the block of Y
  Piece kept_rows;          // own, relative to the block
};

class DeepPlan : public Plan {
 public:
  DeepPlan(const Problem& problem, const DeepGrid& grid, Device& device, int rank)
      : problem_(problem),
        backward_(problem.direction == "backward"),
        layer_(problem, grid, rank),
        device_(device) {}

  absl::Status Prepare(Communicator& communicator) {
    BB_ASSIGN_OR_RETURN(within_, communicator.Split(layer_.depth, communicator.rank()));
    BB_ASSIGN_OR_RETURN(across_, communicator.Split(layer_.rank_in_layer, communicator.rank()));
    BB_ASSIGN_OR_RETURN(summa_, MatMulSumma().make_plan(layer_.of_layer, device_, *within_));
    block_ = (backward_ ? summa_->Inputs().back() : summa_->Outputs().front()).data;
    return absl::OkStatus();
  }

  absl::Status Run() override {
    BB_RETURN_IF_ERROR(Gather());
    BB_RETURN_IF_ERROR(summa_->Run());
    return Sum();
  }
  absl::Status RunCompute() override { return summa_->RunCompute(); }
  absl::Status RunCommunication() override {
    BB_RETURN_IF_ERROR(Gather());
    BB_RETURN_IF_ERROR(summa_->RunCommunication());
    return Sum();
  }

  std::vector<Shard> Inputs() override { return OfAllLayers(summa_->Inputs()); }
  std::vector<Shard> Outputs() override { return OfAllLayers(summa_->Outputs()); }

  std::string Grid() const override { return problem_.grid; }

 private:
  // The layers keep a part each of Y and dY, and a slice of everything else.
  std::vector<Shard> OfAllLayers(std::vector<Shard> shards) const {
    for (Shard& shard : shards) {
      if (shard.tensor == "y" || shard.tensor == "dy") {
        const auto first = shard.rows.begin() + layer_.kept_rows.offset;
        shard.rows = {first, first + layer_.kept_rows.count};
        shard.data = static_cast<std::byte*>(shard.data) +
                     layer_.kept_rows.offset * shard.leading * DtypeSize(problem_.dtype);
        continue;
      }
      const bool of_x = shard.tensor == "x" || shard.tensor == "dx";
      for (int64_t& inner : of_x ? shard.cols : shard.rows) inner += layer_.slice.offset;
    }
    return shards;
  }

  absl::Status Gather() {
    if (!backward_ || layer_.kept.size() == 1) return absl::OkStatus();
    BB_RETURN_IF_ERROR(device_.Synchronize());  // the last products read the block
    return across_->AllGather(problem_.dtype, block_, layer_.kept);
  }
  absl::Status Sum() {
    if (backward_ || layer_.kept.size() == 1) return absl::OkStatus();
    BB_RETURN_IF_ERROR(device_.Synchronize());  // a layer of one rank does not wait
    return across_->ReduceScatter(problem_.dtype, block_, layer_.kept);
  }

  const Problem problem_;
  const bool backward_;
  const Layer layer_;
  Device& device_;
  std::unique_ptr<Communicator> within_, across_;  // outlive the plan that uses them
  std::unique_ptr<Plan> summa_;
  void* block_ = nullptr;  // of Y or dY, in the layer's plan
};

absl::StatusOr<std::unique_ptr<Plan>> MakePlan(const Problem& problem, Device& device,
                                               Communicator& communicator) {
  BB_ASSIGN_OR_RETURN(const DeepGrid grid, ParseDeepGrid(problem.grid, problem));
  auto plan = std::make_unique<DeepPlan>(problem, grid, device, communicator.rank());
  BB_RETURN_IF_ERROR(plan->Prepare(communicator));
  return plan;
}

RankCost CostOn(const Problem& problem, const DeepGrid& grid, int rank) {
  const Layer layer(problem, grid, rank);
  RankCost cost = MatMulSumma().cost(layer.of_layer, layer.rank_in_layer);
  if (grid.depth > 1) {
    const auto across = problem.direction == "backward" ? AllGatherTraffic : ReduceScatterTraffic;
    AddTraffic(across(problem.dtype, layer.kept, layer.depth), cost.traffic);
  }
  return cost;
}

RankCost Cost(const Problem& problem, int rank) {
  return CostOn(problem, *ParseDeepGrid(problem.grid, problem), rank);
}

int64_t MostSent(const Problem& problem, const DeepGrid& grid) {
  int64_t most = 0;
  for (int rank = 0; rank < problem.ranks; ++rank) {
    int64_t sent = 0;
    for (const Traffic& traffic : CostOn(problem, grid, rank).traffic) sent += traffic.bytes_sent;
    most = std::max(most, sent);
  }
  return most;
}

}  // namespace

Sharding MatMulDeep() { return {"summa_2_5d", MakePlan, Cost}; }

absl::StatusOr<DeepGrid> ParseDeepGrid(absl::string_view text, const Problem& problem) {
  const std::vector<std::string> sides = absl::StrSplit(text, 'x');
  DeepGrid grid;
  if (sides.size() != 3 || !absl::SimpleAtoi(sides[0], &grid.rows) ||
      !absl::SimpleAtoi(sides[1], &grid.cols) || !absl::SimpleAtoi(sides[2], &grid.depth) ||
      grid.rows < 1 || grid.cols < 1 || grid.depth < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("grid of summa_2_5d must look like '2x2x2', not '", text, "'"));
  }
  const int64_t needed = int64_t{grid.rows} * grid.cols * grid.depth;
  if (needed != problem.ranks) {
    return absl::InvalidArgumentError(
        absl::StrCat("grid ", text, " needs ", needed, " ranks, not ", problem.ranks));
  }
  if (grid.depth <= problem.shape.d_in) return grid;
  return absl::UnimplementedError(
      absl::StrCat("grid ", text, " has more layers than d_in = ", problem.shape.d_in));
}

DeepGrid BestDeepGrid(const Problem& problem) {
  DeepGrid best{problem.ranks, 1, 1};
  int64_t fewest = -1;
  for (int depth = 1; depth <= std::min<int64_t>(problem.ranks, problem.shape.d_in); ++depth) {
    if (problem.ranks % depth != 0) continue;
    for (int rows = 1; rows <= problem.ranks / depth; ++rows) {
      if (problem.ranks / depth % rows != 0) continue;
      const DeepGrid grid{rows, problem.ranks / depth / rows, depth};
      const int64_t most = MostSent(problem, grid);
      if (fewest >= 0 && most >= fewest) continue;
      fewest = most;
      best = grid;
    }
  }
  return best;
}

}  // namespace basisbench
