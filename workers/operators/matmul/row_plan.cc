// SPDX-License-Identifier: Apache-2.0
// Row-parallel matmul: W by rows, X by columns, so every rank has a partial product of the whole of
// Y. The sum goes around a ring: a rank receives the sum so far of one part of the rows while it
// computes its own share of that part.
//   row_scatter: messages P - 1, bytes b M (N - own rows). Y ends by rows.
//   row: an all-gather of Y more: messages 2 (P - 1), bytes as above plus b M (N - rows of the next
//   rank's part).
// Backward, dY lies as Y ended. With "row" every rank has all of it and nothing moves; with
// "row_scatter" it goes around the ring while it is used: messages P - 1, bytes b M (N - rows of
// the next rank's part).
#include <algorithm>
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

class RowPlan : public Plan {
 public:
  RowPlan(const Problem& problem, Device& device, Communicator& communicator)
      : problem_(problem),
        backward_(problem.direction == "backward"),
        whole_(problem.sharding == "row"),
        device_(device),
        communicator_(communicator),
        y_ring_(problem, problem.shape.d_out, communicator),
        inner_(PartOf(problem.shape.d_in, problem.ranks, communicator.rank())),
        width_(std::max<int64_t>(1, inner_.count)) {}

  absl::Status Allocate() {
    const auto [tokens, d_in, d_out] = problem_.shape;
    BB_RETURN_IF_ERROR(Take(tokens * width_, x_));
    BB_RETURN_IF_ERROR(Take(width_ * d_out, w_));
    BB_RETURN_IF_ERROR(Take(tokens * d_out, y_));
    if (!backward_) return Take(problem_.ranks > 1 ? y_ring_.LargestPart() : 0, arriving_);
    BB_RETURN_IF_ERROR(Take(tokens * width_, dx_));
    return Take(width_ * d_out, dw_);
  }

  absl::Status Run() override { return Iterate({}); }
  absl::Status RunCompute() override { return Iterate({.communicate = false}); }
  absl::Status RunCommunication() override { return Iterate({.compute = false}); }

  std::vector<Shard> Inputs() override {
    std::vector<Shard> inputs = {OfColumns("x", x_), OfInner("w", w_)};
    if (backward_) inputs.push_back(OfY("dy"));
    return inputs;
  }

  std::vector<Shard> Outputs() override {
    if (!backward_) return {OfY("y")};
    return {OfColumns("dx", dx_), OfInner("dw", dw_)};
  }

 private:
  absl::Status Take(int64_t elements, Buffer& buffer) {
    BB_ASSIGN_OR_RETURN(buffer, device_.Allocate(elements * DtypeSize(problem_.dtype)));
    return absl::OkStatus();
  }
  Shard OfColumns(const char* tensor, Buffer& buffer) const {
    return {tensor,
            problem_.dtype,
            buffer.data(),
            width_,
            IndicesOf({0, problem_.shape.tokens}),
            IndicesOf(inner_)};
  }
  Shard OfInner(const char* tensor, Buffer& buffer) const {
    const int64_t d_out = problem_.shape.d_out;
    return {tensor, problem_.dtype, buffer.data(), d_out, IndicesOf(inner_), IndicesOf({0, d_out})};
  }
  Shard OfY(const char* tensor) {
    const int64_t d_out = problem_.shape.d_out;
    const Piece rows = whole_ ? Piece{0, problem_.shape.tokens} : y_ring_.OwnRows();
    return {tensor, problem_.dtype,  y_ring_.Row(y_, rows.offset),
            d_out,  IndicesOf(rows), IndicesOf({0, d_out})};
  }
  ProductSizes Sizes(const Piece& rows) const {
    return {problem_.dtype, rows.count, width_, problem_.shape.d_out};
  }
  std::byte* RowOf(Buffer& x, int64_t row) const {
    return x.data() + row * width_ * DtypeSize(problem_.dtype);
  }

  absl::Status Iterate(Parts parts) {
    BB_RETURN_IF_ERROR(backward_ ? Backward(parts) : Forward(parts));
    return Settle(device_, problem_.ranks);
  }

  absl::Status Forward(Parts parts) {
    BB_RETURN_IF_ERROR(
        y_ring_.Reduce(device_, y_, arriving_, parts, [&](const Piece& rows, Transfers& transfers) {
          return MultiplyWhile(device_, Sizes(rows), RowOf(x_, rows.offset), w_.data(),
                               y_ring_.Row(y_, rows.offset), transfers);
        }));
    if (!whole_ || !parts.communicate || problem_.ranks == 1) return absl::OkStatus();
    BB_RETURN_IF_ERROR(Settle(device_, problem_.ranks));
    return communicator_.AllGather(
        problem_.dtype, y_.data(),
        PartsOf(problem_.shape.tokens, problem_.ranks, problem_.shape.d_out));
  }

  absl::Status Backward(Parts parts) {
    bool add = false;
    const auto use = [&](const Piece& rows, Transfers& transfers) -> absl::Status {
      if (rows.count == 0) return absl::OkStatus();
      const void* dy = y_ring_.Row(y_, rows.offset);
      BB_RETURN_IF_ERROR(InputGradientWhile(device_, Sizes(rows), dy, w_.data(),
                                            RowOf(dx_, rows.offset), transfers));
      return WeightGradientWhile(device_, Sizes(rows), RowOf(x_, rows.offset), dy,
                                 std::exchange(add, true), dw_.data(), transfers);
    };
    if (!whole_) return y_ring_.Gather(y_, parts, use);
    Transfers none;
    return parts.compute ? use({0, problem_.shape.tokens}, none) : absl::OkStatus();
  }

  const Problem problem_;
  const bool backward_, whole_;  // whole_: Y, or dY, on every rank
  Device& device_;
  Communicator& communicator_;
  const RowRing y_ring_;
  const Piece inner_;    // of d_in: the rows of W and columns of X held here
  const int64_t width_;  // of what is multiplied: where nothing is held, one column of zeros
  Buffer x_, w_, y_;     // y_ has room for all rows; it is dY backward
  Buffer arriving_;      // one part of the rows, the largest
  Buffer dx_, dw_;
};

absl::StatusOr<std::unique_ptr<Plan>> MakePlan(const Problem& problem, Device& device,
                                               Communicator& communicator) {
  auto plan = std::make_unique<RowPlan>(problem, device, communicator);
  BB_RETURN_IF_ERROR(plan->Allocate());
  return plan;
}

RankCost Cost(const Problem& problem, int rank) {
  const auto [tokens, d_in, d_out] = problem.shape;
  const int ranks = problem.ranks;
  const bool whole = problem.sharding == "row";
  const int64_t width = std::max<int64_t>(1, PartOf(d_in, ranks, rank).count);
  RankCost cost{tokens * width + width * d_out + tokens * d_out, {}};
  if (problem.direction == "backward") {
    cost.elements += tokens * width + width * d_out;
    if (!whole) cost.traffic = RingGatherTraffic(problem, d_out, rank);
    return cost;
  }
  if (ranks == 1) return cost;
  cost.elements += PartOf(tokens, ranks, 0).count * d_out;
  cost.traffic = RingReduceTraffic(problem, d_out, rank);
  if (whole)
    AddTraffic(AllGatherTraffic(problem.dtype, PartsOf(tokens, ranks, d_out), rank), cost.traffic);
  return cost;
}

}  // namespace

Sharding MatMulRow() { return {"row", MakePlan, Cost}; }
Sharding MatMulRowScatter() { return {"row_scatter", MakePlan, Cost}; }

}  // namespace basisbench
