// SPDX-License-Identifier: Apache-2.0
// WHT of rows that start whole, on any number of ranks, and end across the ranks, by columns: the
// adjoint of the plan that makes rows whole. A cache-sized chunk of rows is transformed and cut at
// once; then every rank sends each other rank that one's columns of its rows, which lie in the
// output where they arrive.
//   Messages P - 1, bytes b (own rows) (n - own columns): no algorithm sends less.
#include <algorithm>

#include "services/base/status_macros.h"
#include "workers/collectives/traffic_model.h"
#include "workers/operators/partition.h"
#include "workers/operators/settle.h"
#include "workers/operators/wht/wht_plans.h"

namespace basisbench {
namespace {

// Bytes of rows transformed at a time.
constexpr int64_t kChunkBytes = int64_t{128} << 10;

// Pieces in elements. A rank's own part is not sent: it is written where it stays.
struct Exchange {
  Exchange(const Problem& problem, int rank)
      : tokens(problem.shape.tokens),
        n(problem.shape.d_in),
        rows(PartsOf(tokens, problem.ranks)),
        cols(PartsOf(n, problem.ranks)),
        chunk(std::max<int64_t>(1, kChunkBytes / (n * DtypeSize(problem.dtype)))) {
    chunk = std::min(chunk, std::max<int64_t>(1, rows[rank].count));
    for (int peer = 0; peer < problem.ranks; ++peer) {
      const bool own = peer == rank;
      send.push_back({leaving, own ? 0 : rows[rank].count * cols[peer].count});
      leaving += send.back().count;
      receive.push_back(
          {rows[peer].offset * cols[rank].count, own ? 0 : rows[peer].count * cols[rank].count});
    }
  }

  int64_t tokens, n;
  std::vector<Piece> rows, cols, send, receive;
  int64_t chunk;
  int64_t leaving = 0;
};

class RowsToColumnsPlan : public Plan {
 public:
  RowsToColumnsPlan(const Problem& problem, Device& device, Communicator& communicator)
      : problem_(problem),
        device_(device),
        communicator_(communicator),
        rank_(communicator.rank()),
        exchange_(problem, rank_) {}

  absl::Status Allocate() {
    const int64_t size = DtypeSize(problem_.dtype);
    BB_ASSIGN_OR_RETURN(dy_, device_.Allocate(Rows().count * exchange_.n * size));
    BB_ASSIGN_OR_RETURN(chunk_, device_.Allocate(exchange_.chunk * exchange_.n * size));
    BB_ASSIGN_OR_RETURN(leaving_, device_.Allocate(exchange_.leaving * size));
    BB_ASSIGN_OR_RETURN(dx_, device_.Allocate(exchange_.tokens * Cols(rank_).count * size));
    return absl::OkStatus();
  }

  absl::Status Run() override {
    BB_RETURN_IF_ERROR(RunCompute());
    return RunCommunication();
  }

  absl::Status RunCompute() override {
    for (int64_t first = 0; first < Rows().count; first += exchange_.chunk) {
      const int64_t rows = std::min(exchange_.chunk, Rows().count - first);
      WhtArgs args = WhtRows(problem_, rows, exchange_.n);
      args.in = At(dy_, first * exchange_.n);
      args.out = chunk_.data();
      BB_RETURN_IF_ERROR(device_.Wht(args));
      BB_RETURN_IF_ERROR(Cut(first, rows));
    }
    return Settle(device_, problem_.ranks);
  }

  absl::Status RunCommunication() override {
    if (problem_.ranks == 1) return absl::OkStatus();
    return communicator_.AllToAll(problem_.dtype, leaving_.data(), exchange_.send, dx_.data(),
                                  exchange_.receive);
  }

  std::vector<Shard> Inputs() override {
    return {{WhtInput(problem_), problem_.dtype, dy_.data(), exchange_.n, IndicesOf(Rows()),
             IndicesOf({0, exchange_.n})}};
  }
  std::vector<Shard> Outputs() override {
    return {{WhtOutput(problem_), problem_.dtype, dx_.data(), Cols(rank_).count,
             IndicesOf({0, exchange_.tokens}), IndicesOf(Cols(rank_))}};
  }

 private:
  const Piece& Rows() const { return exchange_.rows[rank_]; }
  const Piece& Cols(int rank) const { return exchange_.cols[rank]; }
  std::byte* At(Buffer& buffer, int64_t element) const {
    return buffer.data() + element * DtypeSize(problem_.dtype);
  }

  // A transformed chunk, own rows from `first` on, to where its columns leave from or stay.
  absl::Status Cut(int64_t first, int64_t rows) {
    for (int peer = 0; peer < problem_.ranks; ++peer) {
      const int64_t width = Cols(peer).count;
      CopyArgs args{.dtype = problem_.dtype, .rows = rows, .cols = width};
      args.from = At(chunk_, Cols(peer).offset);
      args.from_row_stride = exchange_.n;
      args.to = peer == rank_ ? At(dx_, (Rows().offset + first) * width)
                              : At(leaving_, exchange_.send[peer].offset + first * width);
      args.to_row_stride = width;
      BB_RETURN_IF_ERROR(device_.Copy(args));
    }
    return absl::OkStatus();
  }

  const Problem problem_;
  Device& device_;
  Communicator& communicator_;
  const int rank_;
  const Exchange exchange_;
  Buffer dy_, chunk_, leaving_, dx_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Plan>> MakeWhtRowsToColumns(const Problem& problem, Device& device,
                                                           Communicator& communicator) {
  auto plan = std::make_unique<RowsToColumnsPlan>(problem, device, communicator);
  BB_RETURN_IF_ERROR(plan->Allocate());
  return plan;
}

RankCost WhtRowsToColumnsCost(const Problem& problem, int rank) {
  const Exchange exchange(problem, rank);
  RankCost cost{(exchange.rows[rank].count + exchange.chunk) * exchange.n + exchange.leaving +
                exchange.tokens * exchange.cols[rank].count};
  if (problem.ranks > 1) cost.traffic = AllToAllTraffic(problem.dtype, exchange.send, rank);
  return cost;
}

}  // namespace basisbench
