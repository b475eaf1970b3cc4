// SPDX-License-Identifier: Apache-2.0
// WHT of rows that start across the ranks, by columns, and end whole: every rank sends each other
// rank the part of that one's rows which it has, and transforms the rows that it got. The rows of a
// part follow each other in memory, so nothing is packed; they are put together a cache-sized chunk
// at a time, just before they are transformed.
//   Messages P - 1, bytes b (n / P) (N - own rows): no algorithm sends less.
#include <algorithm>

#include "services/base/status_macros.h"
#include "workers/collectives/traffic_model.h"
#include "workers/operators/overlap.h"
#include "workers/operators/partition.h"
#include "workers/operators/settle.h"
#include "workers/operators/wht/wht_plans.h"

namespace basisbench {
namespace {

// Bytes of rows put together at a time.
constexpr int64_t kChunkBytes = int64_t{128} << 10;

// Pieces in elements. A rank's own part is not sent: it is read where it lies.
struct Exchange {
  Exchange(const Problem& problem, int rank)
      : rows(PartsOf(problem.shape.tokens, problem.ranks)),
        cols(PartsOf(problem.shape.d_in, problem.ranks)) {
    for (int peer = 0; peer < problem.ranks; ++peer) {
      const int64_t in_rows = peer == rank ? 0 : rows[rank].count;
      const int64_t out_rows = peer == rank ? 0 : rows[peer].count;
      send.push_back({rows[peer].offset * cols[rank].count, out_rows * cols[rank].count});
      receive.push_back({arriving, in_rows * cols[peer].count});
      arriving += receive.back().count;
    }
  }

  std::vector<Piece> rows, cols, send, receive;
  int64_t arriving = 0;
};

class AllToAllPlan : public Plan {
 public:
  AllToAllPlan(const Problem& problem, Device& device, Communicator& communicator)
      : problem_(problem),
        device_(device),
        communicator_(communicator),
        rank_(communicator.rank()),
        exchange_(problem, rank_) {}

  absl::Status Allocate() {
    const int64_t size = DtypeSize(problem_.dtype);
    const auto [tokens, n, d_out] = problem_.shape;
    BB_ASSIGN_OR_RETURN(x_, device_.Allocate(tokens * Cols(rank_).count * size));
    BB_ASSIGN_OR_RETURN(arrived_, device_.Allocate(exchange_.arriving * size));
    BB_ASSIGN_OR_RETURN(y_, device_.Allocate(Rows().count * n * size));
    return absl::OkStatus();
  }

  absl::Status Run() override {
    BB_RETURN_IF_ERROR(RunCommunication());
    return RunCompute();
  }

  absl::Status RunCompute() override {
    const int64_t n = problem_.shape.d_in;
    const int64_t chunk = std::max<int64_t>(1, kChunkBytes / (n * DtypeSize(problem_.dtype)));
    for (int64_t first = 0; first < Rows().count; first += chunk) {
      const int64_t rows = std::min(chunk, Rows().count - first);
      WhtArgs args = WhtRows(problem_, rows, n);
      args.out = y_.data() + first * n * DtypeSize(problem_.dtype);
      args.in = problem_.ranks == 1 ? At(x_, first * n) : args.out;
      if (problem_.ranks > 1) BB_RETURN_IF_ERROR(PutTogether(first, rows));
      BB_RETURN_IF_ERROR(device_.Wht(args));
    }
    return Settle(device_, problem_.ranks);
  }

  absl::Status RunCommunication() override {
    if (problem_.ranks == 1) return absl::OkStatus();
    return communicator_.AllToAll(problem_.dtype, x_.data(), exchange_.send, arrived_.data(),
                                  exchange_.receive);
  }

  std::vector<Shard> Inputs() override {
    return {{"x", problem_.dtype, x_.data(), Cols(rank_).count,
             IndicesOf({0, problem_.shape.tokens}), IndicesOf(Cols(rank_))}};
  }
  std::vector<Shard> Outputs() override {
    const int64_t n = problem_.shape.d_in;
    return {{"y", problem_.dtype, y_.data(), n, IndicesOf(Rows()), IndicesOf({0, n})}};
  }

 private:
  const Piece& Rows() const { return exchange_.rows[rank_]; }
  const Piece& Cols(int rank) const { return exchange_.cols[rank]; }
  std::byte* At(Buffer& buffer, int64_t element) const {
    return buffer.data() + element * DtypeSize(problem_.dtype);
  }

  // Own rows first, first + 1, ... from the parts that the ranks had, into Y.
  absl::Status PutTogether(int64_t first, int64_t rows) {
    const int64_t n = problem_.shape.d_in;
    for (int peer = 0; peer < problem_.ranks; ++peer) {
      const int64_t width = Cols(peer).count;
      CopyArgs args{.dtype = problem_.dtype, .rows = rows, .cols = width};
      args.from = peer == rank_ ? At(x_, (Rows().offset + first) * width)
                                : At(arrived_, exchange_.receive[peer].offset + first * width);
      args.from_row_stride = width;
      args.to = At(y_, first * n + Cols(peer).offset);
      args.to_row_stride = n;
      BB_RETURN_IF_ERROR(device_.Copy(args));
    }
    return absl::OkStatus();
  }

  const Problem problem_;
  Device& device_;
  Communicator& communicator_;
  const int rank_;
  const Exchange exchange_;
  Buffer x_, arrived_, y_;
};

absl::StatusOr<std::unique_ptr<Plan>> MakePlan(const Problem& problem, Device& device,
                                               Communicator& communicator) {
  if (problem.direction == "backward") return MakeWhtRowsToColumns(problem, device, communicator);
  auto plan = std::make_unique<AllToAllPlan>(problem, device, communicator);
  BB_RETURN_IF_ERROR(plan->Allocate());
  return plan;
}

RankCost Cost(const Problem& problem, int rank) {
  if (problem.direction == "backward") return WhtRowsToColumnsCost(problem, rank);
  const Exchange exchange(problem, rank);
  const auto [tokens, n, d_out] = problem.shape;
  RankCost cost{tokens * exchange.cols[rank].count + exchange.arriving +
                exchange.rows[rank].count * n};
  if (problem.ranks > 1) cost.traffic = AllToAllTraffic(problem.dtype, exchange.send, rank);
  return cost;
}

}  // namespace

Sharding WhtAllToAll() { return {"all_to_all", MakePlan, Cost}; }

}  // namespace basisbench
