// SPDX-License-Identifier: Apache-2.0
// FNet mixing of rows that lie across the ranks:
//   real transforms along the own rows; columns l of the spectrum go to rank r for l in L_r
//   e[i] = (a[i] + conj a[-i]) / 2, the transform of the even part, two columns as one complex one;
//   transforms along these: y[k, l] of all k
//   "transposed" ends here, with Y[k, l] and Y[k, d - l] = y[-k, l] side by side
//   "token" sends each rank its rows of y and their mirror rows
// Messages and bytes: there P - 1, 2 b (own rows) (d/2 + 1 - |L|); back twice P - 1, b (N - own
// rows) |L| each.
#include <algorithm>

#include "services/base/status_macros.h"
#include "workers/collectives/traffic_model.h"
#include "workers/operators/fnet/fnet_plans.h"
#include "workers/operators/overlap.h"
#include "workers/operators/settle.h"

namespace basisbench {
namespace {

// Who holds what, and the pieces of the exchanges in real elements. A rank's own part is not sent:
// it is written where the others arrive, or read where it lies.
struct Layout {
  Layout(const Problem& problem, int rank)
      : tokens(problem.shape.tokens),
        width(problem.shape.d_in),
        rows(PartsOf(tokens, problem.ranks)),
        columns(ColumnsByRank(width, problem.ranks)),
        me(rank) {
    for (int peer = 0; peer < problem.ranks; ++peer) {
      const bool mine = peer == me;
      const int64_t out = 2 * rows[me].count * columns[peer].count;
      const int64_t in = 2 * rows[peer].count * columns[me].count;
      there_send.push_back({packed, mine ? 0 : out});
      packed += there_send.back().count;
      there_receive.push_back({2 * rows[peer].offset * columns[me].count, mine ? 0 : in});
      const int64_t rows_back = mine ? 0 : rows[peer].count;
      back_send.push_back({rows[peer].offset * Padded(me), rows_back * Padded(me)});
      mirror_send.push_back({MirrorRow(peer) * Padded(me), rows_back * Padded(me)});
      back_receive.push_back({returned, mine ? 0 : rows[me].count * Padded(peer)});
      returned += back_receive.back().count;
    }
  }

  int64_t own_rows() const { return rows[me].count; }
  const Piece& own_columns() const { return columns[me]; }
  int64_t Padded(int peer) const { return PaddedToPairs(columns[peer].count); }
  // The first of the rows -k for a peer's rows k, in ascending order; row N is row 0 once more.
  int64_t MirrorRow(int peer) const { return tokens - rows[peer].offset - rows[peer].count + 1; }
  // Own columns of Y, "transposed".
  int64_t UnfoldedWidth() const {
    return own_columns().count + Mirrored(own_columns(), width).count;
  }

  int64_t tokens, width;
  std::vector<Piece> rows, columns;  // of each rank; columns of half a spectrum
  int me;
  std::vector<Piece> there_send, there_receive, back_send, mirror_send, back_receive;
  int64_t packed = 0, returned = 0;
};

class ShardedPlan : public Plan {
 public:
  ShardedPlan(const Problem& problem, Device& device, Communicator& communicator)
      : problem_(problem),
        returns_(problem.sharding == "token"),
        layout_(problem, communicator.rank()),
        device_(device),
        communicator_(communicator) {}

  absl::Status Allocate();
  absl::Status Run() override { return Iterate({}); }
  absl::Status RunCompute() override { return Iterate({.communicate = false}); }
  absl::Status RunCommunication() override { return Iterate({.compute = false}); }
  std::vector<Shard> Inputs() override;
  std::vector<Shard> Outputs() override;

 private:
  absl::Status Take(int64_t elements, Buffer& buffer) {
    BB_ASSIGN_OR_RETURN(buffer, device_.Allocate(elements * DtypeSize(problem_.dtype)));
    return absl::OkStatus();
  }
  std::byte* At(Buffer& buffer, int64_t element) const {
    return buffer.data() + element * DtypeSize(problem_.dtype);
  }

  absl::Status Iterate(Parts parts);
  absl::Status There();
  absl::Status SendBack();
  absl::Status Pack();
  absl::Status PairColumns();
  absl::Status RepeatRowZero();
  absl::Status PlaceOwnColumns();
  absl::Status PlaceRowsFrom(int peer);

  const Problem problem_;
  const bool returns_;  // Y ends by rows
  const Layout layout_;
  Device& device_;
  Communicator& communicator_;
  Buffer x_, y_;
  Buffer spectrum_;                 // own rows
  Buffer sent_, arrived_;           // spectrum by peer, and of all rows in the own columns
  Buffer pairs_;                    // pairs of own columns, then y; behind the last row, row 0
  Buffer rows_back_, mirror_back_;  // by peer
  std::unique_ptr<FftPlan> along_rows_, along_columns_;
};

absl::Status ShardedPlan::Allocate() {
  const int64_t rows = layout_.own_rows(), columns = layout_.own_columns().count;
  const int64_t tokens = layout_.tokens, width = layout_.width, half = HalfOf(width);
  BB_RETURN_IF_ERROR(Take(rows * width, x_));
  BB_RETURN_IF_ERROR(Take(rows * 2 * half, spectrum_));
  BB_RETURN_IF_ERROR(Take(layout_.packed, sent_));
  BB_RETURN_IF_ERROR(Take(tokens * 2 * columns, arrived_));
  BB_RETURN_IF_ERROR(Take((tokens + 1) * PaddedToPairs(columns), pairs_));
  BB_RETURN_IF_ERROR(Take(returns_ ? rows * width : tokens * layout_.UnfoldedWidth(), y_));
  if (returns_) {
    BB_RETURN_IF_ERROR(Take(layout_.returned, rows_back_));
    BB_RETURN_IF_ERROR(Take(layout_.returned, mirror_back_));
  }
  FftDescription along_rows{.dtype = problem_.dtype, .real_input = true, .n = width};
  along_rows.howmany = rows;
  along_rows.in_distance = width;
  along_rows.out_distance = half;
  BB_ASSIGN_OR_RETURN(along_rows_, device_.MakeFft(along_rows, x_.data(), spectrum_.data()));
  BB_ASSIGN_OR_RETURN(along_columns_, MakeColumnFft(problem_, device_, columns, pairs_.data()));
  return absl::OkStatus();
}

absl::Status ShardedPlan::Iterate(Parts parts) {
  if (parts.compute) {
    BB_RETURN_IF_ERROR(along_rows_->Execute());
    BB_RETURN_IF_ERROR(Pack());
    BB_RETURN_IF_ERROR(Settle(device_, problem_.ranks));
  }
  if (parts.communicate) BB_RETURN_IF_ERROR(There());
  if (parts.compute) {
    BB_RETURN_IF_ERROR(PairColumns());
    BB_RETURN_IF_ERROR(along_columns_->Execute());
    BB_RETURN_IF_ERROR(RepeatRowZero());
    BB_RETURN_IF_ERROR(Settle(device_, problem_.ranks));
  }
  if (parts.communicate && returns_) BB_RETURN_IF_ERROR(SendBack());
  if (!parts.compute) return absl::OkStatus();
  if (!returns_) BB_RETURN_IF_ERROR(PlaceOwnColumns());
  for (int peer = 0; returns_ && peer < problem_.ranks; ++peer)
    BB_RETURN_IF_ERROR(PlaceRowsFrom(peer));
  return Settle(device_, problem_.ranks);
}

absl::Status ShardedPlan::There() {
  return communicator_.AllToAll(problem_.dtype, sent_.data(), layout_.there_send, arrived_.data(),
                                layout_.there_receive);
}

absl::Status ShardedPlan::SendBack() {
  BB_RETURN_IF_ERROR(communicator_.AllToAll(problem_.dtype, pairs_.data(), layout_.back_send,
                                            rows_back_.data(), layout_.back_receive));
  return communicator_.AllToAll(problem_.dtype, pairs_.data(), layout_.mirror_send,
                                mirror_back_.data(), layout_.back_receive);
}

absl::Status ShardedPlan::Pack() {
  for (size_t peer = 0; peer < layout_.columns.size(); ++peer) {
    const Piece& columns = layout_.columns[peer];
    CopyArgs args{.dtype = problem_.dtype, .rows = layout_.own_rows(), .cols = 2 * columns.count};
    args.from = At(spectrum_, 2 * columns.offset);
    args.from_row_stride = 2 * HalfOf(layout_.width);
    const bool mine = static_cast<int>(peer) == layout_.me;
    args.to = mine ? At(arrived_, layout_.there_receive[peer].offset)
                   : At(sent_, layout_.there_send[peer].offset);
    args.to_row_stride = args.cols;
    BB_RETURN_IF_ERROR(device_.Copy(args));
  }
  return absl::OkStatus();
}

absl::Status ShardedPlan::PairColumns() {
  const int64_t columns = layout_.own_columns().count, row = PaddedToPairs(columns);
  for (int64_t i = 0; i < HalfOf(layout_.tokens); ++i) {
    const int64_t mirror = (layout_.tokens - i) % layout_.tokens;
    PairArgs args{.dtype = problem_.dtype, .count = columns, .scale = 0.5};
    args.x = At(arrived_, i * 2 * columns);
    args.z = At(arrived_, mirror * 2 * columns);
    args.y = At(pairs_, i * row);
    args.mirror = At(pairs_, mirror * row);
    BB_RETURN_IF_ERROR(device_.PairColumns(args));
  }
  return absl::OkStatus();
}

absl::Status ShardedPlan::RepeatRowZero() {
  CopyArgs args{.dtype = problem_.dtype, .rows = 1};
  args.cols = layout_.Padded(layout_.me);
  args.from = pairs_.data();
  args.to = At(pairs_, layout_.tokens * args.cols);
  return device_.Copy(args);
}

// "transposed": the own columns of all rows, their mirror images behind them.
absl::Status ShardedPlan::PlaceOwnColumns() {
  Unfolding own{.dtype = problem_.dtype, .d = layout_.width, .columns = layout_.own_columns()};
  own.rows = layout_.tokens;
  own.from = pairs_.data();
  own.mirror = At(pairs_, layout_.tokens * layout_.Padded(layout_.me));
  own.to = y_.data();
  own.to_row_stride = layout_.UnfoldedWidth();
  own.image = own.columns.count;
  return Unfold(own, device_);
}

// "token": a peer's columns of the own rows.
absl::Status ShardedPlan::PlaceRowsFrom(int peer) {
  const int64_t rows = layout_.own_rows(), padded = layout_.Padded(peer);
  if (rows == 0) return absl::OkStatus();
  const Piece mirrored = Mirrored(layout_.columns[peer], layout_.width);
  Unfolding part{.dtype = problem_.dtype, .d = layout_.width, .columns = layout_.columns[peer]};
  part.rows = rows;
  if (peer == layout_.me) {
    part.from = At(pairs_, layout_.rows[peer].offset * padded);
    part.mirror = At(pairs_, (layout_.MirrorRow(peer) + rows - 1) * padded);
  } else {
    part.from = At(rows_back_, layout_.back_receive[peer].offset);
    part.mirror = At(mirror_back_, layout_.back_receive[peer].offset + (rows - 1) * padded);
  }
  part.to = y_.data();
  part.to_row_stride = layout_.width;
  part.first = part.columns.offset;
  part.image = layout_.width - (mirrored.offset + mirrored.count - 1);
  return Unfold(part, device_);
}

std::vector<Shard> ShardedPlan::Inputs() {
  return {{FnetInput(problem_), problem_.dtype, x_.data(), layout_.width,
           IndicesOf(layout_.rows[layout_.me]), IndicesOf({0, layout_.width})}};
}

std::vector<Shard> ShardedPlan::Outputs() {
  if (returns_) {
    return {{FnetOutput(problem_), problem_.dtype, y_.data(), layout_.width,
             IndicesOf(layout_.rows[layout_.me]), IndicesOf({0, layout_.width})}};
  }
  return {{"y", problem_.dtype, y_.data(), layout_.UnfoldedWidth(), IndicesOf({0, layout_.tokens}),
           ColumnsWithImages(layout_.own_columns(), layout_.width)}};
}

absl::StatusOr<std::unique_ptr<Plan>> MakePlan(const Problem& problem, Device& device,
                                               Communicator& communicator) {
  if (problem.ranks == 1) return MakeLocalFnetPlan(problem, device);
  if (problem.direction == "backward" && problem.sharding == "transposed")
    return MakeFnetColumnsToRows(problem, device, communicator);
  auto plan = std::make_unique<ShardedPlan>(problem, device, communicator);
  BB_RETURN_IF_ERROR(plan->Allocate());
  return plan;
}

RankCost Cost(const Problem& problem, int rank) {
  if (problem.ranks == 1) return LocalFnetCost(problem);
  if (problem.direction == "backward" && problem.sharding == "transposed")
    return FnetColumnsToRowsCost(problem, rank);
  const Layout layout(problem, rank);
  const int64_t rows = layout.own_rows(), columns = layout.own_columns().count;
  RankCost cost{rows * (layout.width + 2 * HalfOf(layout.width)) + layout.packed +
                layout.tokens * 2 * columns + (layout.tokens + 1) * PaddedToPairs(columns)};
  AddTraffic(AllToAllTraffic(problem.dtype, layout.there_send, rank), cost.traffic);
  if (problem.sharding == "transposed") {
    cost.elements += layout.tokens * layout.UnfoldedWidth();
    return cost;
  }
  cost.elements += 2 * layout.returned + rows * layout.width;
  AddTraffic(AllToAllTraffic(problem.dtype, layout.back_send, rank), cost.traffic);
  AddTraffic(AllToAllTraffic(problem.dtype, layout.mirror_send, rank), cost.traffic);
  return cost;
}

}  // namespace

Sharding FnetToken() { return {"token", MakePlan, Cost}; }
Sharding FnetTransposed() { return {"transposed", MakePlan, Cost}; }

}  // namespace basisbench
