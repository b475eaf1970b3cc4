// SPDX-License-Identifier: Apache-2.0
// Token-parallel WHT: each rank transforms its own rows, reading and writing each once.
#include "services/base/status_macros.h"
#include "workers/operators/partition.h"
#include "workers/operators/wht/wht_plans.h"

namespace basisbench {
namespace {

class TokenPlan : public Plan {
 public:
  TokenPlan(const Problem& problem, Device& device, int rank)
      : problem_(problem),
        device_(device),
        rows_(PartOf(problem.shape.tokens, problem.ranks, rank)) {}

  absl::Status Allocate() {
    const int64_t bytes = rows_.count * problem_.shape.d_in * DtypeSize(problem_.dtype);
    BB_ASSIGN_OR_RETURN(x_, device_.Allocate(bytes));
    BB_ASSIGN_OR_RETURN(y_, device_.Allocate(bytes));
    return absl::OkStatus();
  }

  absl::Status Run() override {
    WhtArgs args = WhtRows(problem_, rows_.count, problem_.shape.d_in);
    args.in = x_.data();
    args.out = y_.data();
    return device_.Wht(args);
  }
  absl::Status RunCompute() override { return Run(); }
  absl::Status RunCommunication() override { return absl::OkStatus(); }

  std::vector<Shard> Inputs() override { return {Rows(WhtInput(problem_), x_)}; }
  std::vector<Shard> Outputs() override { return {Rows(WhtOutput(problem_), y_)}; }

 private:
  Shard Rows(const char* tensor, Buffer& buffer) const {
    const int64_t n = problem_.shape.d_in;
    return {tensor, problem_.dtype, buffer.data(), n, IndicesOf(rows_), IndicesOf({0, n})};
  }

  const Problem problem_;
  Device& device_;
  const Piece rows_;
  Buffer x_, y_;
};

absl::StatusOr<std::unique_ptr<Plan>> MakePlan(const Problem& problem, Device& device,
                                               Communicator& communicator) {
  auto plan = std::make_unique<TokenPlan>(problem, device, communicator.rank());
  BB_RETURN_IF_ERROR(plan->Allocate());
  return plan;
}

RankCost Cost(const Problem& problem, int rank) {
  return {2 * PartOf(problem.shape.tokens, problem.ranks, rank).count * problem.shape.d_in};
}

}  // namespace

Sharding WhtToken() { return {"token", MakePlan, Cost}; }

}  // namespace basisbench
