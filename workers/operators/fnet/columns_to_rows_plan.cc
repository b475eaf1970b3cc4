// SPDX-License-Identifier: Apache-2.0
// FNet mixing of dY that lies across the ranks by columns in mirrored pairs to dX by rows: the
// adjoint of sharding "transposed". The map is its own adjoint, so it is the same sum with both
// axes in the other order:
//   e[k, l] = (dy[k, l] + dy[-k, -l]) / 2 for the own columns l up to d/2: both are here
//   real transforms along the tokens, f[i, l]; those of rows -i are their conjugates
//   row i, conj f[i, l] of all l, goes to its rank, and is transformed back to real numbers:
//   dx[i, j] = sum_kl e[k, l] exp(2 pi i (ik/N + jl/d)), whose sines cancel
// Messages P - 1, bytes 2 b |L| (N - own rows).
#include <algorithm>

#include "services/base/status_macros.h"
#include "workers/collectives/traffic_model.h"
#include "workers/operators/fnet/fnet_plans.h"
#include "workers/operators/settle.h"

namespace basisbench {
namespace {

// Who holds what, and the pieces of the exchange in real elements. A rank's own part is not sent:
// it is written where the others arrive.
struct Exchange {
  Exchange(const Problem& problem, int rank)
      : tokens(problem.shape.tokens),
        width(problem.shape.d_in),
        rows(PartsOf(tokens, problem.ranks)),
        columns(ColumnsByRank(width, problem.ranks)),
        own_rows(rows[rank]),
        own(columns[rank]),
        mirrored(Mirrored(own, width)) {
    for (int peer = 0; peer < problem.ranks; ++peer) {
      const bool mine = peer == rank;
      send.push_back({leaving, mine ? 0 : 2 * rows[peer].count * own.count});
      leaving += send.back().count;
      const int64_t in = 2 * own_rows.count * columns[peer].count;
      places.push_back(arriving);
      receive.push_back({arriving, mine ? 0 : in});
      arriving += in;
    }
  }

  int64_t held() const { return own.count + mirrored.count; }

  int64_t tokens, width;
  std::vector<Piece> rows, columns;  // of each rank; columns of half a spectrum
  Piece own_rows, own, mirrored;
  std::vector<Piece> send, receive;
  std::vector<int64_t> places;  // where each peer's part arrives, the own one too
  int64_t leaving = 0, arriving = 0;
};

class ColumnsToRowsPlan : public Plan {
 public:
  ColumnsToRowsPlan(const Problem& problem, Device& device, Communicator& communicator)
      : problem_(problem),
        rank_(communicator.rank()),
        exchange_(problem, rank_),
        device_(device),
        communicator_(communicator) {}

  absl::Status Allocate();

  absl::Status Run() override {
    BB_RETURN_IF_ERROR(AlongTokens());
    BB_RETURN_IF_ERROR(RunCommunication());
    return AlongRows();
  }
  absl::Status RunCompute() override {
    BB_RETURN_IF_ERROR(AlongTokens());
    return AlongRows();
  }
  absl::Status RunCommunication() override {
    return communicator_.AllToAll(problem_.dtype, leaving_.data(), exchange_.send, arrived_.data(),
                                  exchange_.receive);
  }

  std::vector<Shard> Inputs() override;
  std::vector<Shard> Outputs() override {
    return {{"dx", problem_.dtype, dx_.data(), exchange_.width, IndicesOf(exchange_.own_rows),
             IndicesOf({0, exchange_.width})}};
  }

 private:
  absl::Status Take(int64_t elements, Buffer& buffer) {
    BB_ASSIGN_OR_RETURN(buffer, device_.Allocate(elements * DtypeSize(problem_.dtype)));
    return absl::OkStatus();
  }
  std::byte* At(Buffer& buffer, int64_t element) const {
    return buffer.data() + element * DtypeSize(problem_.dtype);
  }

  absl::Status AlongTokens();
  absl::Status AlongRows();
  absl::Status TakeEvenPart();
  absl::Status AddMirror(int64_t column, int64_t count, int64_t partner, int64_t step);
  absl::Status Pack(int peer);

  const Problem problem_;
  const int rank_;
  const Exchange exchange_;
  Device& device_;
  Communicator& communicator_;
  Buffer dy_, dx_;
  Buffer even_, columns_;     // own columns, and their transforms: rows 0 to N/2
  Buffer leaving_, arrived_;  // rows by peer
  Buffer rows_;               // half spectra of the own rows
  Buffer one_;                // the complex number
  std::unique_ptr<FftPlan> along_tokens_, along_rows_;
};

absl::Status ColumnsToRowsPlan::Allocate() {
  const Exchange& e = exchange_;
  const int64_t half = HalfOf(e.width), stride = std::max<int64_t>(1, e.own.count);
  BB_RETURN_IF_ERROR(Take(e.tokens * e.held(), dy_));
  BB_RETURN_IF_ERROR(Take(e.tokens * e.own.count, even_));
  BB_RETURN_IF_ERROR(Take(2 * HalfOf(e.tokens) * e.own.count, columns_));
  BB_RETURN_IF_ERROR(Take(e.leaving, leaving_));
  BB_RETURN_IF_ERROR(Take(e.arriving, arrived_));
  BB_RETURN_IF_ERROR(Take(2 * e.own_rows.count * half, rows_));
  BB_RETURN_IF_ERROR(Take(e.own_rows.count * e.width, dx_));
  BB_RETURN_IF_ERROR(Take(2, one_));
  FftDescription tokens{.dtype = problem_.dtype, .real_input = true, .n = e.tokens};
  tokens.howmany = e.own.count;
  tokens.in_stride = tokens.out_stride = stride;
  tokens.in_distance = tokens.out_distance = 1;
  BB_ASSIGN_OR_RETURN(along_tokens_, device_.MakeFft(tokens, even_.data(), columns_.data()));
  FftDescription rows{.dtype = problem_.dtype, .real_output = true, .inverse = true};
  rows.n = e.width;
  rows.howmany = e.own_rows.count;
  rows.in_distance = half;
  rows.out_distance = e.width;
  BB_ASSIGN_OR_RETURN(along_rows_, device_.MakeFft(rows, rows_.data(), dx_.data()));
  return device_.Fill(problem_.dtype, 1, 1.0, one_.data());
}

absl::Status ColumnsToRowsPlan::AlongTokens() {
  BB_RETURN_IF_ERROR(TakeEvenPart());
  BB_RETURN_IF_ERROR(along_tokens_->Execute());
  for (int peer = 0; peer < problem_.ranks; ++peer) BB_RETURN_IF_ERROR(Pack(peer));
  return Settle(device_, problem_.ranks);
}

absl::Status ColumnsToRowsPlan::AlongRows() {
  for (int peer = 0; peer < problem_.ranks; ++peer) {
    const Piece& columns = exchange_.columns[peer];
    CopyArgs args{.dtype = problem_.dtype, .rows = exchange_.own_rows.count};
    args.cols = 2 * columns.count;
    args.from = At(arrived_, exchange_.places[peer]);
    args.from_row_stride = args.cols;
    args.to = At(rows_, 2 * columns.offset);
    args.to_row_stride = 2 * HalfOf(exchange_.width);
    BB_RETURN_IF_ERROR(device_.Copy(args));
  }
  BB_RETURN_IF_ERROR(along_rows_->Execute());
  return Settle(device_, problem_.ranks);
}

absl::Status ColumnsToRowsPlan::TakeEvenPart() {
  const Exchange& e = exchange_;
  ProductArgs args{.dtype = problem_.dtype, .rows = e.tokens, .cols = e.own.count, .alpha = 0.5};
  args.x = dy_.data();
  args.x_row_stride = e.held();
  args.y = even_.data();
  args.y_row_stride = e.own.count;
  BB_RETURN_IF_ERROR(device_.Product(args));
  // Images stand behind the own columns, that of the last one first.
  BB_RETURN_IF_ERROR(
      AddMirror(e.mirrored.offset - e.own.offset, e.mirrored.count, e.held() - 1, -1));
  for (int64_t l = e.own.offset; l < e.own.offset + e.own.count; ++l) {
    const bool paired = l >= e.mirrored.offset && l < e.mirrored.offset + e.mirrored.count;
    if (!paired) BB_RETURN_IF_ERROR(AddMirror(l - e.own.offset, 1, l - e.own.offset, 1));
  }
  return absl::OkStatus();
}

// Half of row -k of dY from column `partner` on, in steps, to row k of e from `column` on.
absl::Status ColumnsToRowsPlan::AddMirror(int64_t column, int64_t count, int64_t partner,
                                          int64_t step) {
  if (count == 0) return absl::OkStatus();
  const Exchange& e = exchange_;
  ProductArgs args{.dtype = problem_.dtype, .rows = 1, .cols = count, .alpha = 0.5};
  args.x = At(dy_, partner);
  args.x_row_stride = -e.held();
  args.x_col_stride = step;
  args.beta = 1;
  args.y = At(even_, column);
  args.y_row_stride = e.own.count;
  BB_RETURN_IF_ERROR(device_.Product(args));
  args.rows = e.tokens - 1;
  args.x = At(dy_, (e.tokens - 1) * e.held() + partner);
  args.y = At(even_, e.own.count + column);
  return device_.Product(args);
}

// A peer's rows of the own columns: conjugates up to N/2, those of the mirror rows as they are.
absl::Status ColumnsToRowsPlan::Pack(int peer) {
  const Exchange& e = exchange_;
  const Piece& rows = e.rows[peer];
  std::byte* to = peer == rank_ ? At(arrived_, e.places[peer]) : At(leaving_, e.send[peer].offset);
  const int64_t first_mirror = std::clamp(HalfOf(e.tokens), rows.offset, rows.offset + rows.count);
  ProductArgs conjugate{.dtype = problem_.dtype, .complex = true};
  conjugate.rows = first_mirror - rows.offset;
  conjugate.cols = e.own.count;
  conjugate.x = one_.data();
  conjugate.x_col_stride = 0;
  conjugate.w = At(columns_, 2 * rows.offset * e.own.count);
  conjugate.w_row_stride = e.own.count;
  conjugate.conjugate_w = true;
  conjugate.y = to;
  conjugate.y_row_stride = e.own.count;
  if (conjugate.rows > 0) BB_RETURN_IF_ERROR(device_.Product(conjugate));
  CopyArgs mirror{.dtype = problem_.dtype, .rows = rows.offset + rows.count - first_mirror};
  if (mirror.rows == 0) return absl::OkStatus();
  mirror.cols = 2 * e.own.count;
  mirror.from = At(columns_, (e.tokens - first_mirror) * mirror.cols);
  mirror.from_row_stride = -mirror.cols;
  mirror.to = to + conjugate.rows * mirror.cols * DtypeSize(problem_.dtype);
  mirror.to_row_stride = mirror.cols;
  return device_.Copy(mirror);
}

std::vector<Shard> ColumnsToRowsPlan::Inputs() {
  return {{"dy", problem_.dtype, dy_.data(), exchange_.held(), IndicesOf({0, exchange_.tokens}),
           ColumnsWithImages(exchange_.own, exchange_.width)}};
}

}  // namespace

absl::StatusOr<std::unique_ptr<Plan>> MakeFnetColumnsToRows(const Problem& problem, Device& device,
                                                            Communicator& communicator) {
  auto plan = std::make_unique<ColumnsToRowsPlan>(problem, device, communicator);
  BB_RETURN_IF_ERROR(plan->Allocate());
  return plan;
}

RankCost FnetColumnsToRowsCost(const Problem& problem, int rank) {
  const Exchange e(problem, rank);
  RankCost cost{e.tokens * e.held() + e.tokens * e.own.count + 2 * HalfOf(e.tokens) * e.own.count +
                e.leaving + e.arriving + 2 * e.own_rows.count * HalfOf(e.width) +
                e.own_rows.count * e.width + 2};
  AddTraffic(AllToAllTraffic(problem.dtype, e.send, rank), cost.traffic);
  return cost;
}

}  // namespace basisbench
