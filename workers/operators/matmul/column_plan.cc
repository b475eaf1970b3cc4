// SPDX-License-Identifier: Apache-2.0
// Column-parallel matmul: W and Y by columns. X starts by rows; each rank passes the rows that it
// has just received on to the next rank while it multiplies them, so after P - 1 steps every rank
// has multiplied all of X with its columns.
//   Messages P - 1, bytes b K (N - rows of the next rank's part): an all-gather of X, hidden behind
//   the products.
// Backward: the same ring of X for the gradient of W, which needs no sum, and another for the sums
// of dX, which end by rows as X started. Messages 2 (P - 1), bytes as above plus b K (N - own
// rows).
#include <utility>

#include "services/base/status_macros.h"
#include "workers/collectives/traffic_model.h"
#include "workers/operators/matmul/matmul_plans.h"
#include "workers/operators/matmul/products.h"
#include "workers/operators/matmul/row_ring.h"
#include "workers/operators/partition.h"
#include "workers/operators/settle.h"

namespace basisbench {
namespace {

class ColumnPlan : public Plan {
 public:
  ColumnPlan(const Problem& problem, Device& device, Communicator& communicator)
      : problem_(problem),
        backward_(problem.direction == "backward"),
        device_(device),
        x_ring_(problem, problem.shape.d_in, communicator),
        cols_(PartOf(problem.shape.d_out, problem.ranks, communicator.rank())) {}

  absl::Status Allocate() {
    const auto [tokens, d_in, d_out] = problem_.shape;
    BB_RETURN_IF_ERROR(Take(tokens * d_in, x_));
    BB_RETURN_IF_ERROR(Take(d_in * cols_.count, w_));
    BB_RETURN_IF_ERROR(Take(tokens * cols_.count, y_));
    if (!backward_) return absl::OkStatus();
    BB_RETURN_IF_ERROR(Take(tokens * d_in, dx_));
    BB_RETURN_IF_ERROR(Take(problem_.ranks > 1 ? x_ring_.LargestPart() : 0, arriving_));
    return Take(d_in * cols_.count, dw_);
  }

  absl::Status Run() override { return Iterate({}); }
  absl::Status RunCompute() override { return Iterate({.communicate = false}); }
  absl::Status RunCommunication() override { return Iterate({.compute = false}); }

  std::vector<Shard> Inputs() override {
    std::vector<Shard> inputs = {OfRows("x", x_), OfColumns("w", w_, problem_.shape.d_in)};
    if (backward_) inputs.push_back(OfColumns("dy", y_, problem_.shape.tokens));
    return inputs;
  }

  std::vector<Shard> Outputs() override {
    if (!backward_) return {OfColumns("y", y_, problem_.shape.tokens)};
    return {OfRows("dx", dx_), OfColumns("dw", dw_, problem_.shape.d_in)};
  }

 private:
  absl::Status Take(int64_t elements, Buffer& buffer) {
    BB_ASSIGN_OR_RETURN(buffer, device_.Allocate(elements * DtypeSize(problem_.dtype)));
    return absl::OkStatus();
  }
  Shard OfRows(const char* tensor, Buffer& buffer) const {
    const int64_t d_in = problem_.shape.d_in;
    const Piece own = x_ring_.OwnRows();
    return {tensor, problem_.dtype, x_ring_.Row(buffer, own.offset),
            d_in,   IndicesOf(own), IndicesOf({0, d_in})};
  }
  Shard OfColumns(const char* tensor, Buffer& buffer, int64_t rows) const {
    return {tensor,      problem_.dtype,       buffer.data(),
            cols_.count, IndicesOf({0, rows}), IndicesOf(cols_)};
  }
  ProductSizes Sizes(const Piece& rows) const {
    return {problem_.dtype, rows.count, problem_.shape.d_in, cols_.count};
  }
  std::byte* RowOfY(int64_t row) {
    return y_.data() + row * cols_.count * DtypeSize(problem_.dtype);
  }

  absl::Status Iterate(Parts parts) {
    BB_RETURN_IF_ERROR(backward_ ? Backward(parts) : Forward(parts));
    return Settle(device_, problem_.ranks);
  }

  absl::Status Forward(Parts parts) {
    return x_ring_.Gather(x_, parts, [&](const Piece& rows, Transfers& transfers) {
      return MultiplyWhile(device_, Sizes(rows), x_ring_.Row(x_, rows.offset), w_.data(),
                           RowOfY(rows.offset), transfers);
    });
  }

  absl::Status Backward(Parts parts) {
    bool add = false;
    BB_RETURN_IF_ERROR(x_ring_.Gather(x_, parts, [&](const Piece& rows, Transfers& transfers) {
      if (rows.count == 0) return absl::OkStatus();
      const bool add_to_earlier = std::exchange(add, true);
      return WeightGradientWhile(device_, Sizes(rows), x_ring_.Row(x_, rows.offset),
                                 RowOfY(rows.offset), add_to_earlier, dw_.data(), transfers);
    }));
    return x_ring_.Reduce(
        device_, dx_, arriving_, parts, [&](const Piece& rows, Transfers& transfers) {
          void* dx = x_ring_.Row(dx_, rows.offset);
          if (cols_.count == 0)
            return device_.Fill(problem_.dtype, rows.count * problem_.shape.d_in, 0.0, dx);
          return InputGradientWhile(device_, Sizes(rows), RowOfY(rows.offset), w_.data(), dx,
                                    transfers);
        });
  }

  const Problem problem_;
  const bool backward_;
  Device& device_;
  const RowRing x_ring_;
  const Piece cols_;
  Buffer x_, w_, y_;           // x_ has room for all rows; the own ones are the operand
  Buffer dx_, dw_, arriving_;  // dx_ as x_; y_ is dY
};

absl::StatusOr<std::unique_ptr<Plan>> MakePlan(const Problem& problem, Device& device,
                                               Communicator& communicator) {
  auto plan = std::make_unique<ColumnPlan>(problem, device, communicator);
  BB_RETURN_IF_ERROR(plan->Allocate());
  return plan;
}

RankCost Cost(const Problem& problem, int rank) {
  const auto [tokens, d_in, d_out] = problem.shape;
  const int ranks = problem.ranks;
  const int64_t cols = PartOf(d_out, ranks, rank).count;
  RankCost cost{tokens * d_in + d_in * cols + tokens * cols,
                RingGatherTraffic(problem, d_in, rank)};
  if (problem.direction != "backward") return cost;
  cost.elements += tokens * d_in + d_in * cols;
  if (ranks > 1) cost.elements += PartOf(tokens, ranks, 0).count * d_in;
  AddTraffic(RingReduceTraffic(problem, d_in, rank), cost.traffic);
  return cost;
}

}  // namespace

Sharding MatMulColumn() { return {"column", MakePlan, Cost}; }

}  // namespace basisbench
