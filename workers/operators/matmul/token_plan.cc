// SPDX-License-Identifier: Apache-2.0
// Token-parallel matmul: each rank multiplies its own rows of X with the whole W. Backward the
// gradient of W is summed over ranks: an all-reduce of K M elements.
#include "services/base/status_macros.h"
#include "workers/collectives/traffic_model.h"
#include "workers/operators/matmul/matmul_plans.h"
#include "workers/operators/matmul/products.h"
#include "workers/operators/partition.h"
#include "workers/operators/settle.h"

namespace basisbench {
namespace {

class TokenPlan : public Plan {
 public:
  TokenPlan(const Problem& problem, Device& device, Communicator& communicator)
      : problem_(problem),
        backward_(problem.direction == "backward"),
        device_(device),
        communicator_(communicator),
        rows_(PartOf(problem.shape.tokens, problem.ranks, communicator.rank())) {}

  absl::Status Allocate() {
    const auto [tokens, d_in, d_out] = problem_.shape;
    BB_RETURN_IF_ERROR(Take(rows_.count * d_in, x_));
    BB_RETURN_IF_ERROR(Take(d_in * d_out, w_));
    BB_RETURN_IF_ERROR(Take(rows_.count * d_out, y_));
    if (!backward_) return absl::OkStatus();
    BB_RETURN_IF_ERROR(Take(rows_.count * d_in, dx_));
    return Take(d_in * d_out, dw_);
  }

  absl::Status Run() override {
    BB_RETURN_IF_ERROR(RunCompute());
    BB_RETURN_IF_ERROR(Settle(device_, problem_.ranks));
    return RunCommunication();
  }

  absl::Status RunCompute() override {
    const ProductSizes sizes{problem_.dtype, rows_.count, problem_.shape.d_in,
                             problem_.shape.d_out};
    Transfers none;
    if (!backward_) return MultiplyWhile(device_, sizes, x_.data(), w_.data(), y_.data(), none);
    if (rows_.count == 0)  // nothing of its own to add, and the last sum is still there
      return device_.Fill(problem_.dtype, sizes.k * sizes.m, 0.0, dw_.data());
    BB_RETURN_IF_ERROR(InputGradientWhile(device_, sizes, y_.data(), w_.data(), dx_.data(), none));
    return WeightGradientWhile(device_, sizes, x_.data(), y_.data(), false, dw_.data(), none);
  }

  absl::Status RunCommunication() override {
    if (!backward_ || problem_.ranks == 1) return absl::OkStatus();
    return communicator_.AllReduce(problem_.dtype, dw_.data(),
                                   problem_.shape.d_in * problem_.shape.d_out);
  }

  std::vector<Shard> Inputs() override {
    std::vector<Shard> inputs = {OfRows("x", x_, problem_.shape.d_in), Weight("w", w_)};
    if (backward_) inputs.push_back(OfRows("dy", y_, problem_.shape.d_out));
    return inputs;
  }

  std::vector<Shard> Outputs() override {
    if (!backward_) return {OfRows("y", y_, problem_.shape.d_out)};
    return {OfRows("dx", dx_, problem_.shape.d_in), Weight("dw", dw_)};
  }

 private:
  absl::Status Take(int64_t elements, Buffer& buffer) {
    BB_ASSIGN_OR_RETURN(buffer, device_.Allocate(elements * DtypeSize(problem_.dtype)));
    return absl::OkStatus();
  }
  Shard OfRows(const char* tensor, Buffer& buffer, int64_t width) const {
    return {tensor, problem_.dtype, buffer.data(), width, IndicesOf(rows_), IndicesOf({0, width})};
  }
  Shard Weight(const char* tensor, Buffer& buffer) const {
    const auto [tokens, d_in, d_out] = problem_.shape;
    return {tensor, problem_.dtype,       buffer.data(),
            d_out,  IndicesOf({0, d_in}), IndicesOf({0, d_out})};
  }

  const Problem problem_;
  const bool backward_;
  Device& device_;
  Communicator& communicator_;
  const Piece rows_;
  Buffer x_, w_, y_;  // y_ is dY backward
  Buffer dx_, dw_;
};

absl::StatusOr<std::unique_ptr<Plan>> MakePlan(const Problem& problem, Device& device,
                                               Communicator& communicator) {
  auto plan = std::make_unique<TokenPlan>(problem, device, communicator);
  BB_RETURN_IF_ERROR(plan->Allocate());
  return plan;
}

RankCost Cost(const Problem& problem, int rank) {
  const auto [tokens, d_in, d_out] = problem.shape;
  const int64_t rows = PartOf(tokens, problem.ranks, rank).count;
  RankCost cost{rows * d_in + d_in * d_out + rows * d_out, {}};
  if (problem.direction != "backward") return cost;
  cost.elements += rows * d_in + d_in * d_out;
  if (problem.ranks > 1)
    cost.traffic = AllReduceTraffic(problem.dtype, d_in * d_out, rank, problem.ranks);
  return cost;
}

}  // namespace

Sharding MatMulToken() { return {"token", MakePlan, Cost}; }

}  // namespace basisbench
