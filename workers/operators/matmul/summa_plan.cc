// SPDX-License-Identifier: Apache-2.0
// Two-dimensional matmul on an R x C grid of ranks: SUMMA (van de Geijn, Watts 1997) with
// look-ahead and, instead of broadcasts, a rotated order of panels (as Cannon's) in which every
// rank sends and receives at every step. On a 1 x P or P x 1 grid it is a ring of panels of the one
// operand that has to move.
//   Bytes b (own X elements (C - 1) + own W elements (R - 1)); messages: own panels of X (C - 1),
//   of W (R - 1).
#include <algorithm>

#include "services/base/status_macros.h"
#include "workers/collectives/traffic_model.h"
#include "workers/operators/matmul/matmul_plans.h"
#include "workers/operators/matmul/summa_gradient.h"
#include "workers/operators/matmul/summa_panels.h"
#include "workers/operators/partition.h"
#include "workers/operators/settle.h"

namespace basisbench {
namespace {

class SummaPlan : public Plan {
 public:
  SummaPlan(const Problem& problem, const ProcessGrid& grid, Device& device,
            Communicator& communicator)
      : problem_(problem),
        device_(device),
        schedule_(problem, grid, communicator.rank()),
        panels_(problem, schedule_, device, communicator) {}

  absl::Status Allocate() {
    BB_RETURN_IF_ERROR(panels_.Allocate());
    const int64_t elements = schedule_.rows().count * schedule_.cols().count;
    BB_ASSIGN_OR_RETURN(y_, device_.Allocate(elements * DtypeSize(problem_.dtype)));
    return absl::OkStatus();
  }

  absl::Status Run() override { return Iterate({}); }
  absl::Status RunCompute() override { return Iterate({.communicate = false}); }
  absl::Status RunCommunication() override { return Iterate({.compute = false}); }

  std::vector<Shard> Inputs() override { return panels_.Inputs(); }

  std::vector<Shard> Outputs() override {
    return {{"y", problem_.dtype, y_.data(), schedule_.cols().count, IndicesOf(schedule_.rows()),
             IndicesOf(schedule_.cols())}};
  }

  std::string Grid() const override { return problem_.grid; }

 private:
  absl::Status Iterate(Parts parts) {
    if (parts.communicate) BB_RETURN_IF_ERROR(panels_.StartFirst());
    for (int64_t step = 0; step < schedule_.panels(); ++step) {
      if (parts.communicate) BB_RETURN_IF_ERROR(panels_.Arrive(step));
      if (parts.compute) BB_RETURN_IF_ERROR(Multiply(step));
    }
    return Settle(device_, problem_.ranks);
  }

  absl::Status Multiply(int64_t step) {
    GemmArgs args{.dtype = problem_.dtype};
    args.m = schedule_.rows().count, args.n = schedule_.cols().count;
    args.k = schedule_.Panel(schedule_.PanelAt(step)).count;
    args.a = panels_.X(step), args.lda = args.k;
    args.b = panels_.W(step), args.ldb = args.n;
    args.beta = step == 0 ? 0.0 : 1.0;
    args.c = y_.data(), args.ldc = args.n;
    return GemmWhile(device_, args, {&panels_.OfStep(step + 1), &panels_.OfStep(step + 2)});
  }

  const Problem problem_;
  Device& device_;
  const SummaSchedule schedule_;
  SummaPanels panels_;
  Buffer y_;
};

absl::StatusOr<std::unique_ptr<Plan>> MakePlan(const Problem& problem, Device& device,
                                               Communicator& communicator) {
  BB_ASSIGN_OR_RETURN(const ProcessGrid grid, ParseGrid(problem.grid, problem.ranks));
  if (problem.direction == "backward")
    return MakeSummaGradientPlan(problem, grid, device, communicator);
  auto plan = std::make_unique<SummaPlan>(problem, grid, device, communicator);
  BB_RETURN_IF_ERROR(plan->Allocate());
  return plan;
}

RankCost CostOn(const Problem& problem, const ProcessGrid& grid, int rank) {
  const SummaSchedule schedule(problem, grid, rank);
  RankCost cost = SummaPanelsCost(problem, grid, rank);
  cost.elements += schedule.rows().count * schedule.cols().count;
  if (problem.direction != "backward") return cost;
  const RankCost gradient = SummaGradientCost(problem, grid, rank);
  cost.elements += gradient.elements;
  AddTraffic(gradient.traffic, cost.traffic);
  return cost;
}

RankCost Cost(const Problem& problem, int rank) {
  return CostOn(problem, *ParseGrid(problem.grid, problem.ranks), rank);
}

}  // namespace

Sharding MatMulSumma() { return {"summa", MakePlan, Cost}; }

ProcessGrid BestSummaGrid(const Problem& problem) {
  ProcessGrid best;
  int64_t fewest = -1;
  for (int rows = 1; rows <= problem.ranks; ++rows) {
    if (problem.ranks % rows != 0) continue;
    const ProcessGrid grid{rows, problem.ranks / rows};
    int64_t most = 0;
    for (int rank = 0; rank < problem.ranks; ++rank) {
      const RankCost cost = CostOn(problem, grid, rank);
      most = std::max(most, cost.traffic[static_cast<size_t>(Collective::kSendRecv)].bytes_sent);
    }
    if (fewest < 0 || most < fewest) {
      fewest = most;
      best = grid;
    }
  }
  return best;
}

}  // namespace basisbench
