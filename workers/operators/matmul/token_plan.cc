// SPDX-License-Identifier: Apache-2.0
// Token-parallel matmul: each rank multiplies its own rows of X with the whole W.
#include "services/base/status_macros.h"
#include "workers/operators/matmul/matmul_plans.h"
#include "workers/operators/partition.h"

namespace basisbench {
namespace {

class TokenPlan : public Plan {
 public:
  TokenPlan(const Problem& problem, Device& device, int rank)
      : problem_(problem),
        device_(device),
        rows_(PartOf(problem.shape.tokens, problem.ranks, rank)) {}

  absl::Status Allocate() {
    const int64_t size = DtypeSize(problem_.dtype);
    const auto [tokens, d_in, d_out] = problem_.shape;
    BB_ASSIGN_OR_RETURN(x_, device_.Allocate(rows_.count * d_in * size));
    BB_ASSIGN_OR_RETURN(w_, device_.Allocate(d_in * d_out * size));
    BB_ASSIGN_OR_RETURN(y_, device_.Allocate(rows_.count * d_out * size));
    return absl::OkStatus();
  }

  absl::Status Run() override {
    BB_RETURN_IF_ERROR(RunCompute());
    return device_.Synchronize();
  }

  absl::Status RunCompute() override {
    const auto [tokens, d_in, d_out] = problem_.shape;
    GemmArgs args{.dtype = problem_.dtype, .m = rows_.count, .n = d_out, .k = d_in};
    args.a = x_.data();
    args.lda = d_in;
    args.b = w_.data();
    args.ldb = d_out;
    args.c = y_.data();
    args.ldc = d_out;
    return rows_.count == 0 ? absl::OkStatus() : device_.Gemm(args);
  }

  absl::Status RunCommunication() override { return absl::OkStatus(); }

  std::vector<Shard> Inputs() override {
    const auto [tokens, d_in, d_out] = problem_.shape;
    return {{"x", problem_.dtype, x_.data(), d_in, IndicesOf(rows_), IndicesOf({0, d_in})},
            {"w", problem_.dtype, w_.data(), d_out, IndicesOf({0, d_in}), IndicesOf({0, d_out})}};
  }

  std::vector<Shard> Outputs() override {
    const int64_t d_out = problem_.shape.d_out;
    return {{"y", problem_.dtype, y_.data(), d_out, IndicesOf(rows_), IndicesOf({0, d_out})}};
  }

 private:
  const Problem problem_;
  Device& device_;
  const Piece rows_;
  Buffer x_, w_, y_;
};

absl::StatusOr<std::unique_ptr<Plan>> MakePlan(const Problem& problem, Device& device,
                                               Communicator& communicator) {
  auto plan = std::make_unique<TokenPlan>(problem, device, communicator.rank());
  BB_RETURN_IF_ERROR(plan->Allocate());
  return plan;
}

RankCost Cost(const Problem& problem, int rank) {
  const auto [tokens, d_in, d_out] = problem.shape;
  const int64_t rows = PartOf(tokens, problem.ranks, rank).count;
  return {rows * d_in + d_in * d_out + rows * d_out, {}};
}

}  // namespace

Sharding MatMulToken() { return {"token", MakePlan, Cost}; }

}  // namespace basisbench
