// SPDX-License-Identifier: Apache-2.0
// Row-parallel matmul: W by rows, X by columns, so every rank has a partial product of the whole of
// Y. The sum goes around a ring: a rank receives the sum so far of one part of the rows while it
// computes its own share of that part.
//   row_scatter: messages P - 1, bytes b M (N - own rows). Y ends by rows.
//   row: an all-gather of Y more: messages 2 (P - 1), bytes as above plus b M (N - rows of the next
//   rank's part).
#include <algorithm>

#include "services/base/status_macros.h"
#include "workers/collectives/traffic_model.h"
#include "workers/operators/matmul/matmul_plans.h"
#include "workers/operators/overlap.h"
#include "workers/operators/partition.h"

namespace basisbench {
namespace {

class RowPlan : public Plan {
 public:
  RowPlan(const Problem& problem, Device& device, Communicator& communicator, bool gather)
      : problem_(problem),
        device_(device),
        communicator_(communicator),
        gather_(gather),
        rank_(communicator.rank()),
        inner_(PartOf(problem.shape.d_in, problem.ranks, rank_)),
        width_(std::max<int64_t>(1, inner_.count)) {}

  absl::Status Allocate() {
    const int64_t size = DtypeSize(problem_.dtype);
    const auto [tokens, d_in, d_out] = problem_.shape;
    BB_ASSIGN_OR_RETURN(x_, device_.Allocate(tokens * width_ * size));
    BB_ASSIGN_OR_RETURN(w_, device_.Allocate(width_ * d_out * size));
    BB_ASSIGN_OR_RETURN(y_, device_.Allocate(tokens * d_out * size));
    if (problem_.ranks == 1) return absl::OkStatus();
    BB_ASSIGN_OR_RETURN(arriving_, device_.Allocate(Rows(0).count * d_out * size));
    return absl::OkStatus();
  }

  absl::Status Run() override { return Iterate({}); }
  absl::Status RunCompute() override { return Iterate({.communicate = false}); }
  absl::Status RunCommunication() override { return Iterate({.compute = false}); }

  std::vector<Shard> Inputs() override {
    const auto [tokens, d_in, d_out] = problem_.shape;
    return {{"x", problem_.dtype, x_.data(), width_, IndicesOf({0, tokens}), IndicesOf(inner_)},
            {"w", problem_.dtype, w_.data(), d_out, IndicesOf(inner_), IndicesOf({0, d_out})}};
  }

  std::vector<Shard> Outputs() override {
    const auto [tokens, d_in, d_out] = problem_.shape;
    const Piece rows = gather_ ? Piece{0, tokens} : Rows(rank_);
    return {
        {"y", problem_.dtype, RowOfY(rows.offset), d_out, IndicesOf(rows), IndicesOf({0, d_out})}};
  }

 private:
  Piece Rows(int rank) const { return PartOf(problem_.shape.tokens, problem_.ranks, rank); }
  void* RowOfY(int64_t row) {
    return y_.data() + row * problem_.shape.d_out * DtypeSize(problem_.dtype);
  }
  int Part(int distance) const { return (rank_ - distance + 2 * problem_.ranks) % problem_.ranks; }

  absl::Status Iterate(Parts parts) {
    Transfers none;
    if (parts.compute) BB_RETURN_IF_ERROR(Multiply(Rows(Part(1)), none));
    for (int step = 0; step + 1 < problem_.ranks; ++step) {
      const Piece rows = Rows(Part(step + 2));
      Transfers transfers;
      if (parts.communicate)
        BB_RETURN_IF_ERROR(StartPassingOn(Rows(Part(step + 1)), rows, transfers));
      if (parts.compute) BB_RETURN_IF_ERROR(Multiply(rows, transfers));
      BB_RETURN_IF_ERROR(transfers.Wait());
      if (parts.compute) BB_RETURN_IF_ERROR(AddArrived(rows));
    }
    BB_RETURN_IF_ERROR(device_.Synchronize());
    if (!gather_ || !parts.communicate || problem_.ranks == 1) return absl::OkStatus();
    return communicator_.AllGather(
        problem_.dtype, y_.data(),
        PartsOf(problem_.shape.tokens, problem_.ranks, problem_.shape.d_out));
  }

  // Sends the finished sum of `out` rows to the next rank and receives that of `in` rows from the
  // previous one.
  absl::Status StartPassingOn(const Piece& out, const Piece& in, Transfers& transfers) {
    const int ranks = problem_.ranks;
    const int64_t d_out = problem_.shape.d_out;
    BB_RETURN_IF_ERROR(device_.Synchronize());  // the sum to be sent is complete
    BB_ASSIGN_OR_RETURN(auto pending, communicator_.StartSendRecv(
                                          problem_.dtype, RowOfY(out.offset), out.count * d_out,
                                          (rank_ + 1) % ranks, arriving_.data(), in.count * d_out,
                                          (rank_ + ranks - 1) % ranks));
    transfers.Add(std::move(pending));
    return absl::OkStatus();
  }

  absl::Status Multiply(const Piece& rows, Transfers& transfers) {
    const int64_t d_out = problem_.shape.d_out;
    GemmArgs args{.dtype = problem_.dtype, .m = rows.count, .n = d_out, .k = width_};
    args.a = x_.data() + rows.offset * width_ * DtypeSize(problem_.dtype);
    args.lda = width_;
    args.b = w_.data();
    args.ldb = d_out;
    args.c = RowOfY(rows.offset);
    args.ldc = d_out;
    return GemmWhile(device_, args, {&transfers});
  }

  absl::Status AddArrived(const Piece& rows) {
    if (rows.count == 0) return absl::OkStatus();
    void* sum = RowOfY(rows.offset);
    return device_.Butterfly({.dtype = problem_.dtype,
                              .count = rows.count * problem_.shape.d_out,
                              .x = sum,
                              .z = arriving_.data(),
                              .y = sum});
  }

  const Problem problem_;
  Device& device_;
  Communicator& communicator_;
  const bool gather_;
  const int rank_;
  const Piece inner_;    // of d_in: the rows of W and columns of X held here
  const int64_t width_;  // of what is multiplied: where nothing is held, one column of zeros
  Buffer x_, w_, y_;     // y_ has room for all rows
  Buffer arriving_;      // one part of the rows, the largest
};

absl::StatusOr<std::unique_ptr<Plan>> MakePlan(const Problem& problem, Device& device,
                                               Communicator& communicator) {
  auto plan = std::make_unique<RowPlan>(problem, device, communicator, problem.sharding == "row");
  BB_RETURN_IF_ERROR(plan->Allocate());
  return plan;
}

RankCost ScatterCost(const Problem& problem, int rank) {
  const auto [tokens, d_in, d_out] = problem.shape;
  const int ranks = problem.ranks;
  const int64_t width = std::max<int64_t>(1, PartOf(d_in, ranks, rank).count);
  RankCost cost{tokens * width + width * d_out + tokens * d_out, {}};
  if (ranks > 1) cost.elements += PartOf(tokens, ranks, 0).count * d_out;
  for (int step = 0; step + 1 < ranks; ++step) {
    const int64_t rows = PartOf(tokens, ranks, (rank - step - 1 + ranks) % ranks).count;
    AddTraffic(SendRecvTraffic(problem.dtype, rows * d_out, rank, (rank + 1) % ranks),
               cost.traffic);
  }
  return cost;
}

RankCost GatherCost(const Problem& problem, int rank) {
  RankCost cost = ScatterCost(problem, rank);
  if (problem.ranks == 1) return cost;
  const auto pieces = PartsOf(problem.shape.tokens, problem.ranks, problem.shape.d_out);
  AddTraffic(AllGatherTraffic(problem.dtype, pieces, rank), cost.traffic);
  return cost;
}

}  // namespace

Sharding MatMulRow() { return {"row", MakePlan, GatherCost}; }
Sharding MatMulRowScatter() { return {"row_scatter", MakePlan, ScatterCost}; }

}  // namespace basisbench
