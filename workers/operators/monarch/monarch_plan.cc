// SPDX-License-Identifier: Apache-2.0
// Two batches of matrix products with the permutation between them folded into strides. Rows go
// through in tiles that stay in the cache; inside, a tile has its rows along the fastest index, so
// that both batches read and write whole vectors of rows:
//   x tile, transposed         xt[k, p][row]
//   one product for each k     z[k, r, l][row] = sum_p w1[k, r, l; p] xt[k, p][row]
//   one product for each l     yt[s, l][row] = sum_(k, r) w2[l, s; k, r] z[k, r, l][row]
//   transposed into            Y
// "all_to_all": rank p has input blocks k in K_p and output blocks l in L_p. The z[k, r, l] of its
// k and the l of another rank lie together, tile by tile, as they are sent and as they are used on
// arrival: nothing is packed.
//   Messages P - 1, bytes b N depth |K_p| (blocks - |L_p|).
#include "workers/operators/monarch/monarch_plan.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "services/base/status_macros.h"
#include "workers/collectives/traffic_model.h"
#include "workers/operators/overlap.h"
#include "workers/operators/partition.h"

namespace basisbench {
namespace {

// A tile's two buffers together; more would fall out of a level-2 cache.
constexpr int64_t kTileBytes = int64_t{1} << 20;
// Rows of a tile: whole tiles of registers in every instruction set and dtype.
constexpr int64_t kRowUnit = 48;
constexpr int64_t kMostRows = 4 * kRowUnit;

// What one rank holds and exchanges. A rank that exchanges nothing is its own only peer.
struct Layout {
  Layout(const Problem& problem, int rank)
      : shape(problem), rows{0, problem.shape.tokens}, exchanges(false) {
    const bool cut_blocks = problem.sharding == "all_to_all";
    if (cut_blocks) {
      blocks = PartsOf(shape.blocks, problem.ranks);
      me = rank;
      exchanges = problem.ranks > 1;
    } else {
      rows = PartOf(problem.shape.tokens, problem.ranks, rank);
      blocks = {{0, shape.blocks}};
    }
    const int64_t of_row = std::max(own().count * std::max(shape.in, shape.out), int64_t{1}) +
                           shape.inner() * own().count;
    tile = kTileBytes / (of_row * DtypeSize(problem.dtype)) / kRowUnit * kRowUnit;
    tile = std::min(std::clamp(tile, kRowUnit, kMostRows), std::max<int64_t>(1, rows.count));
    PlacePieces();
  }

  const Piece& own() const { return blocks[me]; }
  int peers() const { return static_cast<int>(blocks.size()); }
  // Elements of z per row that go to `peer`, and that come from it.
  int64_t SentWidth(int peer) const { return own().count * shape.depth * blocks[peer].count; }
  int64_t ReceivedWidth(int peer) const { return blocks[peer].count * shape.depth * own().count; }
  // Elements of the buffer behind both transposed tiles.
  int64_t Transposed() const { return own().count * std::max(shape.in, shape.out) * tile; }

  void PlacePieces() {
    // The own part is never sent: it is computed where the others arrive. Without an exchange, a
    // tile of z is used up before the next is computed.
    const int64_t kept_rows = exchanges ? rows.count : tile;
    for (int peer = 0; peer < peers(); ++peer) {
      const bool mine = peer == me;
      send.push_back({sent, mine ? 0 : rows.count * SentWidth(peer)});
      receive.push_back({received, mine ? 0 : rows.count * ReceivedWidth(peer)});
      sent += send.back().count;
      received += mine ? kept_rows * ReceivedWidth(peer) : receive.back().count;
    }
  }

  MonarchShape shape;
  Piece rows;
  std::vector<Piece> blocks;  // of each peer
  int me = 0;
  bool exchanges;
  int64_t tile;                      // rows
  std::vector<Piece> send, receive;  // of z, by peer
  int64_t sent = 0, received = 0;
};

class MonarchPlan : public Plan {
 public:
  MonarchPlan(const Problem& problem, Device& device, Communicator& communicator)
      : problem_(problem),
        layout_(problem, communicator.rank()),
        device_(device),
        communicator_(communicator) {}

  absl::Status Allocate() {
    const MonarchShape& shape = layout_.shape;
    const int64_t own = layout_.own().count;
    BB_RETURN_IF_ERROR(Take(layout_.rows.count * own * shape.in, x_));
    BB_RETURN_IF_ERROR(Take(layout_.rows.count * own * shape.out, y_));
    BB_RETURN_IF_ERROR(Take(own * shape.inner() * shape.in, w1_));
    BB_RETURN_IF_ERROR(Take(own * shape.inner() * shape.out, w2_));
    BB_RETURN_IF_ERROR(Take(layout_.Transposed(), transposed_));
    BB_RETURN_IF_ERROR(Take(layout_.sent, sent_));
    return Take(layout_.received, received_);
  }

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

  absl::Status Iterate(Parts parts) {
    if (!layout_.exchanges) {
      if (parts.compute) BB_RETURN_IF_ERROR(EachTile(true, true));
      return device_.Synchronize();
    }
    if (parts.compute) BB_RETURN_IF_ERROR(EachTile(true, false));
    BB_RETURN_IF_ERROR(device_.Synchronize());
    if (parts.communicate) {
      BB_RETURN_IF_ERROR(communicator_.AllToAll(problem_.dtype, sent_.data(), layout_.send,
                                                received_.data(), layout_.receive));
    }
    if (parts.compute) BB_RETURN_IF_ERROR(EachTile(false, true));
    return device_.Synchronize();
  }

  absl::Status EachTile(bool first, bool second) {
    if (layout_.own().count == 0) return absl::OkStatus();
    for (int64_t row = 0; row < layout_.rows.count; row += layout_.tile) {
      const int64_t rows = std::min(layout_.tile, layout_.rows.count - row);
      if (first) BB_RETURN_IF_ERROR(FirstFactor(row, rows));
      if (second) BB_RETURN_IF_ERROR(SecondFactor(row, rows));
    }
    return absl::OkStatus();
  }

  // Where z of the tile at `row` lies, of the own k and a peer's l; or of a peer's k and the own l.
  std::byte* ToPeer(int peer, int64_t row) {
    if (peer == layout_.me) return FromPeer(peer, row);
    return At(sent_, layout_.send[peer].offset + row * layout_.SentWidth(peer));
  }
  std::byte* FromPeer(int peer, int64_t row) {
    const int64_t first = layout_.exchanges ? row : 0;
    return At(received_, layout_.receive[peer].offset + first * layout_.ReceivedWidth(peer));
  }

  absl::Status FirstFactor(int64_t row, int64_t rows);
  absl::Status SecondFactor(int64_t row, int64_t rows);

  const Problem problem_;
  const Layout layout_;
  Device& device_;
  Communicator& communicator_;
  Buffer x_, y_;
  Buffer w1_;               // by peer: [k][r, l of the peer][p]
  Buffer w2_;               // [l][s][k, r]
  Buffer transposed_;       // xt, then yt of one tile
  Buffer sent_, received_;  // z, by peer and tile: [k][r][l][row]
};

absl::Status MonarchPlan::FirstFactor(int64_t row, int64_t rows) {
  const MonarchShape& shape = layout_.shape;
  const int64_t width = layout_.own().count * shape.in;
  CopyArgs turn{.dtype = problem_.dtype, .rows = rows, .cols = width};
  turn.from = At(x_, row * width);
  turn.from_row_stride = width;
  turn.to = transposed_.data();
  turn.to_row_stride = 1;
  turn.to_col_stride = rows;
  BB_RETURN_IF_ERROR(device_.Copy(turn));
  int64_t weights = 0;
  for (int peer = 0; peer < layout_.peers(); ++peer) {
    GemmArgs args{.dtype = problem_.dtype, .n = rows, .k = shape.in};
    args.m = shape.depth * layout_.blocks[peer].count;
    args.a = At(w1_, weights);
    args.lda = shape.in;
    args.stride_a = args.m * shape.in;
    args.b = transposed_.data();
    args.ldb = rows;
    args.stride_b = shape.in * rows;
    args.c = ToPeer(peer, row);
    args.ldc = rows;
    args.stride_c = args.m * rows;
    args.batch = layout_.own().count;
    BB_RETURN_IF_ERROR(device_.Gemm(args));
    weights += args.batch * args.stride_a;
  }
  return absl::OkStatus();
}

absl::Status MonarchPlan::SecondFactor(int64_t row, int64_t rows) {
  const MonarchShape& shape = layout_.shape;
  const int64_t own = layout_.own().count, width = own * shape.out;
  for (int peer = 0; peer < layout_.peers(); ++peer) {
    GemmArgs args{.dtype = problem_.dtype, .m = shape.out, .n = rows};
    args.k = layout_.blocks[peer].count * shape.depth;
    args.a = At(w2_, layout_.blocks[peer].offset * shape.depth);
    args.lda = shape.inner();
    args.stride_a = shape.out * shape.inner();
    args.b = FromPeer(peer, row);
    args.ldb = own * rows;
    args.stride_b = rows;
    args.beta = peer == 0 ? 0.0 : 1.0;
    args.c = transposed_.data();
    args.ldc = own * rows;
    args.stride_c = rows;
    args.batch = own;
    BB_RETURN_IF_ERROR(device_.Gemm(args));
  }
  CopyArgs turn{.dtype = problem_.dtype, .rows = width, .cols = rows};
  turn.from = transposed_.data();
  turn.from_row_stride = rows;
  turn.to = At(y_, row * width);
  turn.to_row_stride = 1;
  turn.to_col_stride = width;
  turn.pass_bytes = layout_.rows.count * own * (shape.in + shape.out) * DtypeSize(problem_.dtype);
  return device_.Copy(turn);
}

std::vector<Shard> MonarchPlan::Inputs() {
  const MonarchShape& shape = layout_.shape;
  const Piece own = layout_.own();
  const Piece inputs{own.offset * shape.in, own.count * shape.in};
  const Piece outputs{own.offset * shape.out, own.count * shape.out};
  std::vector<Shard> shards = {
      {"x", problem_.dtype, x_.data(), inputs.count, IndicesOf(layout_.rows), IndicesOf(inputs)},
      {"w2", problem_.dtype, w2_.data(), shape.inner(), IndicesOf(outputs),
       IndicesOf({0, shape.inner()})}};
  int64_t weights = 0;
  for (const Piece& peer : layout_.blocks) {
    Shard shard{"w1", problem_.dtype, At(w1_, weights), shape.in, {}, IndicesOf({0, shape.in})};
    for (int64_t k = own.offset; k < own.offset + own.count; ++k) {
      for (int64_t r = 0; r < shape.depth; ++r) {
        for (int64_t l = peer.offset; l < peer.offset + peer.count; ++l)
          shard.rows.push_back((k * shape.depth + r) * shape.blocks + l);
      }
    }
    weights += static_cast<int64_t>(shard.rows.size()) * shape.in;
    shards.push_back(std::move(shard));
  }
  return shards;
}

std::vector<Shard> MonarchPlan::Outputs() {
  const MonarchShape& shape = layout_.shape;
  const Piece own = layout_.own();
  Shard shard{"y", problem_.dtype, y_.data(), own.count * shape.out, IndicesOf(layout_.rows), {}};
  for (int64_t s = 0; s < shape.out; ++s) {
    for (int64_t l = own.offset; l < own.offset + own.count; ++l)
      shard.cols.push_back(s * shape.blocks + l);
  }
  return {shard};
}

absl::StatusOr<std::unique_ptr<Plan>> MakePlan(const Problem& problem, Device& device,
                                               Communicator& communicator) {
  auto plan = std::make_unique<MonarchPlan>(problem, device, communicator);
  BB_RETURN_IF_ERROR(plan->Allocate());
  return plan;
}

RankCost Cost(const Problem& problem, int rank) {
  const Layout layout(problem, rank);
  const MonarchShape& shape = layout.shape;
  const int64_t both = shape.in + shape.out;
  RankCost cost{layout.own().count * both * (layout.rows.count + shape.inner()) +
                layout.Transposed() + layout.sent + layout.received};
  if (layout.exchanges) cost.traffic = AllToAllTraffic(problem.dtype, layout.send, rank);
  return cost;
}

int64_t Parameter(const Problem& problem, const char* name) {
  int64_t value = 0;
  (void)absl::SimpleAtoi(problem.parameters.at(name), &value);  // Resolve has checked it
  return value;
}

}  // namespace

MonarchShape::MonarchShape(const Problem& problem)
    : blocks(Parameter(problem, "blocks")),
      depth(Parameter(problem, "depth")),
      in(problem.shape.d_in / blocks),
      out(problem.shape.d_out / blocks) {}

Sharding MonarchToken() { return {"token", MakePlan, Cost}; }
Sharding MonarchAllToAll() { return {"all_to_all", MakePlan, Cost}; }

}  // namespace basisbench
