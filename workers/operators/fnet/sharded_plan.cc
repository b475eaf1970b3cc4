// SPDX-License-Identifier: Apache-2.0
// FNet mixing of rows that lie across the ranks:
//   real transforms along the own rows; columns l of the spectrum go to rank r for l in L_r
//   e[i] = (conj a[i] + a[-i]) / 2, the transform of the even part, reversed (see local_plan.cc);
//   transforms back to real numbers along the columns: y[k, l] of all k
//   "transposed" ends here, with Y[k, l] and Y[k, d - l] = y[-k, l] side by side
//   "token" sends each rank its rows of y and their mirror rows
// Messages and bytes: there P - 1, 2 b (own rows) (d/2 + 1 - |L|); back twice P - 1, b (N - own
// rows) |L| each.
#include <algorithm>

#include "services/base/status_macros.h"
#include "workers/collectives/traffic_model.h"
#include "workers/operators/fnet/fnet_plans.h"
#include "workers/operators/overlap.h"

namespace basisbench {
namespace {

// Who holds what, and the pieces of the exchanges in real elements. A rank's own part is not sent:
// it is written where the others arrive, or read where it lies.
struct Layout {
  Layout(const Problem& problem, int rank)
      : tokens(problem.shape.tokens),
        width(problem.shape.d_in),
        rows(PartsOf(tokens, problem.ranks)),
        columns(PartsOf(HalfOf(width), problem.ranks)),
        me(rank) {
    for (int peer = 0; peer < problem.ranks; ++peer) {
      const bool mine = peer == me;
      const int64_t out = 2 * rows[me].count * columns[peer].count;
      const int64_t in = 2 * rows[peer].count * columns[me].count;
      there_send.push_back({packed, mine ? 0 : out});
      packed += there_send.back().count;
      there_receive.push_back({2 * rows[peer].offset * columns[me].count, mine ? 0 : in});
      const int64_t rows_back = mine ? 0 : rows[peer].count;
      back_send.push_back({rows[peer].offset * own_columns(), rows_back * own_columns()});
      mirror_send.push_back({MirrorRow(peer) * own_columns(), rows_back * own_columns()});
      back_receive.push_back({returned, mine ? 0 : rows[me].count * columns[peer].count});
      returned += back_receive.back().count;
    }
  }

  int64_t own_rows() const { return rows[me].count; }
  int64_t own_columns() const { return columns[me].count; }
  // The first of the rows -k for a peer's rows k, in ascending order; row N is row 0 once more.
  int64_t MirrorRow(int peer) const { return tokens - rows[peer].offset - rows[peer].count + 1; }

  int64_t tokens, width;
  std::vector<Piece> rows, columns;  // of each rank; columns of half a spectrum
  int me;
  std::vector<Piece> there_send, there_receive, back_send, mirror_send, back_receive;
  int64_t packed = 0, returned = 0;
};

class ShardedPlan : public Plan {
 public:
  ShardedPlan(const Problem& problem, Device& device, Communicator& communicator)
      : dtype_(problem.dtype),
        returns_(problem.sharding == "token"),
        layout_(problem, communicator.rank()),
        mirrored_(Mirrored(layout_.columns[layout_.me], layout_.width)),
        device_(device),
        communicator_(communicator) {}

  absl::Status Allocate();
  absl::Status Run() override { return Iterate({}); }
  absl::Status RunCompute() override { return Iterate({.communicate = false}); }
  absl::Status RunCommunication() override { return Iterate({.compute = false}); }
  std::vector<Shard> Inputs() override;
  Shard Output() override;

 private:
  absl::Status Take(int64_t elements, Buffer& buffer) {
    BB_ASSIGN_OR_RETURN(buffer, device_.Allocate(elements * DtypeSize(dtype_)));
    return absl::OkStatus();
  }
  std::byte* At(Buffer& buffer, int64_t element) const {
    return buffer.data() + element * DtypeSize(dtype_);
  }

  absl::Status Iterate(Parts parts);
  absl::Status Pack();
  absl::Status TakeEvenPart();
  absl::Status MirrorColumns();
  absl::Status PutTogether();
  absl::Status PutTogetherFrom(int peer);

  const Dtype dtype_;
  const bool returns_;  // Y ends by rows
  const Layout layout_;
  const Piece mirrored_;  // own columns that have a mirror image
  Device& device_;
  Communicator& communicator_;
  Buffer x_, y_;
  Buffer spectrum_;                 // own rows
  Buffer sent_, arrived_;           // spectrum by peer, and of all rows in the own columns
  Buffer even_;                     // rows 0 to N/2 of the even part's transform
  Buffer columns_;                  // y of all rows and, for the mirror, row 0 again ("token")
  Buffer rows_back_, mirror_back_;  // by peer
  std::unique_ptr<FftPlan> along_rows_, along_columns_;
};

absl::Status ShardedPlan::Allocate() {
  const int64_t rows = layout_.own_rows(), columns = layout_.own_columns();
  const int64_t tokens = layout_.tokens, width = layout_.width, half = HalfOf(width);
  BB_RETURN_IF_ERROR(Take(rows * width, x_));
  BB_RETURN_IF_ERROR(Take(rows * 2 * half, spectrum_));
  BB_RETURN_IF_ERROR(Take(layout_.packed, sent_));
  BB_RETURN_IF_ERROR(Take(tokens * 2 * columns, arrived_));
  BB_RETURN_IF_ERROR(Take(HalfOf(tokens) * 2 * columns, even_));
  if (returns_) {
    BB_RETURN_IF_ERROR(Take((tokens + 1) * columns, columns_));
    BB_RETURN_IF_ERROR(Take(layout_.returned, rows_back_));
    BB_RETURN_IF_ERROR(Take(layout_.returned, mirror_back_));
    BB_RETURN_IF_ERROR(Take(rows * width, y_));
  } else {
    BB_RETURN_IF_ERROR(Take(tokens * (columns + mirrored_.count), y_));
  }
  FftDescription along_rows{.dtype = dtype_, .real_input = true, .n = width, .howmany = rows};
  along_rows.in_distance = width;
  along_rows.out_distance = half;
  BB_ASSIGN_OR_RETURN(along_rows_, device_.MakeFft(along_rows, x_.data(), spectrum_.data()));
  FftDescription along_columns{.dtype = dtype_, .real_output = true, .n = tokens};
  along_columns.howmany = columns;
  along_columns.in_stride = std::max<int64_t>(1, columns);
  along_columns.in_distance = along_columns.out_distance = 1;
  along_columns.out_stride = std::max<int64_t>(1, returns_ ? columns : columns + mirrored_.count);
  void* const out = returns_ ? columns_.data() : y_.data();
  BB_ASSIGN_OR_RETURN(along_columns_, device_.MakeFft(along_columns, even_.data(), out));
  return absl::OkStatus();
}

absl::Status ShardedPlan::Iterate(Parts parts) {
  if (parts.compute) {
    BB_RETURN_IF_ERROR(along_rows_->Execute());
    BB_RETURN_IF_ERROR(Pack());
    BB_RETURN_IF_ERROR(device_.Synchronize());
  }
  if (parts.communicate) {
    BB_RETURN_IF_ERROR(communicator_.AllToAll(dtype_, sent_.data(), layout_.there_send,
                                              arrived_.data(), layout_.there_receive));
  }
  if (parts.compute) {
    BB_RETURN_IF_ERROR(TakeEvenPart());
    BB_RETURN_IF_ERROR(along_columns_->Execute());
    BB_RETURN_IF_ERROR(MirrorColumns());
    BB_RETURN_IF_ERROR(device_.Synchronize());
  }
  if (!returns_) return absl::OkStatus();
  if (parts.communicate) {
    BB_RETURN_IF_ERROR(communicator_.AllToAll(dtype_, columns_.data(), layout_.back_send,
                                              rows_back_.data(), layout_.back_receive));
    BB_RETURN_IF_ERROR(communicator_.AllToAll(dtype_, columns_.data(), layout_.mirror_send,
                                              mirror_back_.data(), layout_.back_receive));
  }
  if (parts.compute) BB_RETURN_IF_ERROR(PutTogether());
  return device_.Synchronize();
}

absl::Status ShardedPlan::Pack() {
  for (size_t peer = 0; peer < layout_.columns.size(); ++peer) {
    const Piece& columns = layout_.columns[peer];
    CopyArgs args{.dtype = dtype_, .rows = layout_.own_rows(), .cols = 2 * columns.count};
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

absl::Status ShardedPlan::TakeEvenPart() {
  const int64_t row = 2 * layout_.own_columns();
  for (int64_t i = 0; i < HalfOf(layout_.tokens); ++i) {
    ConjugateArgs args{.dtype = dtype_, .count = layout_.own_columns(), .scale = 0.5};
    args.x = At(arrived_, i * row);
    args.z = At(arrived_, (layout_.tokens - i) % layout_.tokens * row);
    args.y = At(even_, i * row);
    BB_RETURN_IF_ERROR(device_.AddConjugate(args));
  }
  return absl::OkStatus();
}

// "transposed": the mirrored columns beside the others. "token": row 0 once more behind the last.
absl::Status ShardedPlan::MirrorColumns() {
  const int64_t columns = layout_.own_columns(), tokens = layout_.tokens;
  CopyArgs args{.dtype = dtype_, .rows = 1};
  if (returns_) {
    args.cols = columns;
    args.from = columns_.data();
    args.to = At(columns_, tokens * columns);
    return device_.Copy(args);
  }
  const int64_t row = columns + mirrored_.count;
  const int64_t last = mirrored_.offset + mirrored_.count - 1 - layout_.columns[layout_.me].offset;
  args.cols = mirrored_.count;
  args.from_row_stride = -row;
  args.from_col_stride = -1;
  args.to_row_stride = row;
  if (args.cols == 0) return absl::OkStatus();
  args.from = At(y_, last);
  args.to = At(y_, columns);
  BB_RETURN_IF_ERROR(device_.Copy(args));
  args.rows = tokens - 1;
  args.from = At(y_, (tokens - 1) * row + last);
  args.to = At(y_, row + columns);
  return device_.Copy(args);
}

absl::Status ShardedPlan::PutTogether() {
  for (size_t peer = 0; peer < layout_.columns.size(); ++peer)
    BB_RETURN_IF_ERROR(PutTogetherFrom(static_cast<int>(peer)));
  return absl::OkStatus();
}

// A peer's columns of the own rows, and their mirror images.
absl::Status ShardedPlan::PutTogetherFrom(int peer) {
  const Piece& columns = layout_.columns[peer];
  const bool mine = peer == layout_.me;
  const int64_t rows = layout_.own_rows(), first = layout_.rows[layout_.me].offset;
  CopyArgs args{.dtype = dtype_, .rows = rows, .cols = columns.count};
  args.from = mine ? At(columns_, first * columns.count)
                   : At(rows_back_, layout_.back_receive[peer].offset);
  args.from_row_stride = columns.count;
  args.to = At(y_, columns.offset);
  args.to_row_stride = layout_.width;
  BB_RETURN_IF_ERROR(device_.Copy(args));
  const Piece mirrored = Mirrored(columns, layout_.width);
  if (mirrored.count == 0 || rows == 0) return absl::OkStatus();
  const int64_t last = mirrored.offset + mirrored.count - 1;
  const int64_t at = (rows - 1) * columns.count + last - columns.offset;
  args.cols = mirrored.count;
  args.from = mine ? At(columns_, layout_.MirrorRow(peer) * columns.count + at)
                   : At(mirror_back_, layout_.back_receive[peer].offset + at);
  args.from_row_stride = -columns.count;
  args.from_col_stride = -1;
  args.to = At(y_, layout_.width - last);
  return device_.Copy(args);
}

std::vector<Shard> ShardedPlan::Inputs() {
  return {{"x", dtype_, x_.data(), layout_.width, IndicesOf(layout_.rows[layout_.me]),
           IndicesOf({0, layout_.width})}};
}

Shard ShardedPlan::Output() {
  const int64_t width = layout_.width;
  if (returns_) {
    return {
        "y", dtype_, y_.data(), width, IndicesOf(layout_.rows[layout_.me]), IndicesOf({0, width})};
  }
  std::vector<int64_t> columns = IndicesOf(layout_.columns[layout_.me]);
  for (int64_t i = mirrored_.count - 1; i >= 0; --i)
    columns.push_back(width - mirrored_.offset - i);
  const auto leading = static_cast<int64_t>(columns.size());
  return {"y", dtype_, y_.data(), leading, IndicesOf({0, layout_.tokens}), std::move(columns)};
}

absl::StatusOr<std::unique_ptr<Plan>> MakePlan(const Problem& problem, Device& device,
                                               Communicator& communicator) {
  if (problem.ranks == 1) return MakeLocalFnetPlan(problem, device);
  auto plan = std::make_unique<ShardedPlan>(problem, device, communicator);
  BB_RETURN_IF_ERROR(plan->Allocate());
  return plan;
}

RankCost Cost(const Problem& problem, int rank) {
  if (problem.ranks == 1) return LocalFnetCost(problem);
  const Layout layout(problem, rank);
  const int64_t rows = layout.own_rows(), columns = layout.own_columns();
  RankCost cost{rows * (layout.width + 2 * HalfOf(layout.width)) + layout.packed +
                2 * columns * (layout.tokens + HalfOf(layout.tokens))};
  AddTraffic(AllToAllTraffic(problem.dtype, layout.there_send, rank), cost.traffic);
  if (problem.sharding == "transposed") {
    cost.elements += layout.tokens * (columns + Mirrored(layout.columns[rank], layout.width).count);
    return cost;
  }
  cost.elements += (layout.tokens + 1) * columns + 2 * layout.returned + rows * layout.width;
  AddTraffic(AllToAllTraffic(problem.dtype, layout.back_send, rank), cost.traffic);
  AddTraffic(AllToAllTraffic(problem.dtype, layout.mirror_send, rank), cost.traffic);
  return cost;
}

}  // namespace

Sharding FnetToken() { return {"token", MakePlan, Cost}; }
Sharding FnetTransposed() { return {"transposed", MakePlan, Cost}; }

}  // namespace basisbench
