// SPDX-License-Identifier: Apache-2.0
// Column-parallel matmul: W and Y by columns. X starts by rows; each rank passes the rows that it
// has just received on to the next rank while it multiplies them, so after P - 1 steps every rank
// has multiplied all of X with its columns.
//   Messages P - 1, bytes b K (N - rows of the next rank's part): an all-gather of X, hidden behind
//   the products.
#include "services/base/status_macros.h"
#include "workers/collectives/traffic_model.h"
#include "workers/operators/matmul/matmul_plans.h"
#include "workers/operators/overlap.h"
#include "workers/operators/partition.h"

namespace basisbench {
namespace {

class ColumnPlan : public Plan {
 public:
  ColumnPlan(const Problem& problem, Device& device, Communicator& communicator)
      : problem_(problem),
        device_(device),
        communicator_(communicator),
        rank_(communicator.rank()),
        cols_(PartOf(problem.shape.d_out, problem.ranks, rank_)) {}

  absl::Status Allocate() {
    const int64_t size = DtypeSize(problem_.dtype);
    const auto [tokens, d_in, d_out] = problem_.shape;
    BB_ASSIGN_OR_RETURN(x_, device_.Allocate(tokens * d_in * size));
    BB_ASSIGN_OR_RETURN(w_, device_.Allocate(d_in * cols_.count * size));
    BB_ASSIGN_OR_RETURN(y_, device_.Allocate(tokens * cols_.count * size));
    return absl::OkStatus();
  }

  absl::Status Run() override { return Iterate({}); }
  absl::Status RunCompute() override { return Iterate({.communicate = false}); }
  absl::Status RunCommunication() override { return Iterate({.compute = false}); }

  std::vector<Shard> Inputs() override {
    const int64_t d_in = problem_.shape.d_in;
    const Piece rows = Rows(rank_);
    return {{"x", problem_.dtype, RowOfX(rows.offset), d_in, IndicesOf(rows), IndicesOf({0, d_in})},
            {"w", problem_.dtype, w_.data(), cols_.count, IndicesOf({0, d_in}), IndicesOf(cols_)}};
  }

  std::vector<Shard> Outputs() override {
    return {{"y", problem_.dtype, y_.data(), cols_.count, IndicesOf({0, problem_.shape.tokens}),
             IndicesOf(cols_)}};
  }

 private:
  Piece Rows(int rank) const { return PartOf(problem_.shape.tokens, problem_.ranks, rank); }
  void* RowOfX(int64_t row) {
    return x_.data() + row * problem_.shape.d_in * DtypeSize(problem_.dtype);
  }

  absl::Status Iterate(Parts parts) {
    const int ranks = problem_.ranks;
    for (int step = 0; step < ranks; ++step) {
      const int part = (rank_ - step + ranks) % ranks;
      Transfers transfers;
      if (parts.communicate && step + 1 < ranks)
        BB_RETURN_IF_ERROR(StartPassingOn(part, transfers));
      if (parts.compute) BB_RETURN_IF_ERROR(Multiply(Rows(part), transfers));
      BB_RETURN_IF_ERROR(transfers.Wait());
    }
    return device_.Synchronize();
  }

  // Sends `part` of X to the next rank and receives the part before it from the previous one.
  absl::Status StartPassingOn(int part, Transfers& transfers) {
    const int ranks = problem_.ranks;
    const int64_t d_in = problem_.shape.d_in;
    const Piece out = Rows(part), in = Rows((part + ranks - 1) % ranks);
    BB_ASSIGN_OR_RETURN(
        auto pending, communicator_.StartSendRecv(
                          problem_.dtype, RowOfX(out.offset), out.count * d_in, (rank_ + 1) % ranks,
                          RowOfX(in.offset), in.count * d_in, (rank_ + ranks - 1) % ranks));
    transfers.Add(std::move(pending));
    return absl::OkStatus();
  }

  absl::Status Multiply(const Piece& rows, Transfers& transfers) {
    GemmArgs args{
        .dtype = problem_.dtype, .m = rows.count, .n = cols_.count, .k = problem_.shape.d_in};
    args.a = RowOfX(rows.offset);
    args.lda = problem_.shape.d_in;
    args.b = w_.data();
    args.ldb = cols_.count;
    args.c = y_.data() + rows.offset * cols_.count * DtypeSize(problem_.dtype);
    args.ldc = cols_.count;
    return GemmWhile(device_, args, {&transfers});
  }

  const Problem problem_;
  Device& device_;
  Communicator& communicator_;
  const int rank_;
  const Piece cols_;
  Buffer x_, w_, y_;  // x_ has room for all rows; the own ones are the operand
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
  RankCost cost{tokens * d_in + d_in * cols + tokens * cols, {}};
  for (int step = 0; step + 1 < ranks; ++step) {
    const int64_t rows = PartOf(tokens, ranks, (rank - step + ranks) % ranks).count;
    AddTraffic(SendRecvTraffic(problem.dtype, rows * d_in, rank, (rank + 1) % ranks), cost.traffic);
  }
  return cost;
}

}  // namespace

Sharding MatMulColumn() { return {"column", MakePlan, Cost}; }

}  // namespace basisbench
