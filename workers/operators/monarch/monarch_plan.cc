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
#include "workers/operators/monarch/monarch_run.h"
#include "workers/operators/partition.h"
#include "workers/operators/settle.h"

namespace basisbench {

absl::Status MonarchPlan::Iterate(Parts parts) {
  const bool exchanges = layout_.exchanges;
  const int64_t in = layout_.own().count * layout_.shape.in;
  const int64_t out = layout_.own().count * layout_.shape.out;
  const auto second = [&](int64_t row, int64_t rows) -> absl::Status {
    BB_RETURN_IF_ERROR(SecondFactor(row, rows));
    return TurnBack(transposed_, out, row, rows, y_);
  };
  const auto first = [&](int64_t row, int64_t rows) -> absl::Status {
    BB_RETURN_IF_ERROR(Turn(x_, in, row, rows, transposed_));
    BB_RETURN_IF_ERROR(FirstFactor(row, rows));
    return exchanges ? absl::OkStatus() : second(row, rows);
  };
  if (parts.compute) BB_RETURN_IF_ERROR(EachTile(first));
  if (exchanges) {
    BB_RETURN_IF_ERROR(Exchange(parts));
    if (parts.compute) BB_RETURN_IF_ERROR(EachTile(second));
  }
  return Settle(device_, problem_.ranks);
}

absl::Status MonarchPlan::EachTile(
    absl::FunctionRef<absl::Status(int64_t row, int64_t rows)> work) {
  if (layout_.own().count == 0) return absl::OkStatus();
  for (int64_t row = 0; row < layout_.rows.count; row += layout_.tile)
    BB_RETURN_IF_ERROR(work(row, std::min(layout_.tile, layout_.rows.count - row)));
  return absl::OkStatus();
}

absl::Status MonarchPlan::Exchange(Parts parts) {
  BB_RETURN_IF_ERROR(Settle(device_, problem_.ranks));
  if (!parts.communicate) return absl::OkStatus();
  return communicator_.AllToAll(problem_.dtype, sent_.data(), layout_.z.send, received_.data(),
                                layout_.z.receive);
}

absl::Status MonarchPlan::Turn(Buffer& matrix, int64_t width, int64_t row, int64_t rows,
                               Buffer& tile) {
  CopyArgs turn{.dtype = problem_.dtype, .rows = rows, .cols = width};
  turn.from = At(matrix, row * width);
  turn.from_row_stride = width;
  turn.to = tile.data();
  turn.to_row_stride = 1;
  turn.to_col_stride = rows;
  return device_.Copy(turn);
}

absl::Status MonarchPlan::TurnBack(Buffer& tile, int64_t width, int64_t row, int64_t rows,
                                   Buffer& matrix) {
  CopyArgs turn{.dtype = problem_.dtype, .rows = width, .cols = rows};
  turn.from = tile.data();
  turn.from_row_stride = rows;
  turn.to = At(matrix, row * width);
  turn.to_row_stride = 1;
  turn.to_col_stride = width;
  turn.pass_bytes = (layout_.HeldOfX() + layout_.HeldOfY()) * DtypeSize(problem_.dtype);
  return device_.Copy(turn);
}

absl::Status MonarchPlan::FirstFactor(int64_t row, int64_t rows) {
  const MonarchShape& shape = layout_.shape;
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
  const int64_t own = layout_.own().count;
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
  return absl::OkStatus();
}

Shard MonarchPlan::OfX(const char* tensor, Buffer& buffer) const {
  const int64_t in = layout_.shape.in;
  const Piece cols{layout_.own().offset * in, layout_.own().count * in};
  return {tensor,     problem_.dtype,          buffer.data(),
          cols.count, IndicesOf(layout_.rows), IndicesOf(cols)};
}

Shard MonarchPlan::OfY(const char* tensor, Buffer& buffer) const {
  const MonarchShape& shape = layout_.shape;
  const Piece own = layout_.own();
  Shard shard{tensor, problem_.dtype, buffer.data(), own.count * shape.out, IndicesOf(layout_.rows),
              {}};
  for (int64_t s = 0; s < shape.out; ++s) {
    for (int64_t l = own.offset; l < own.offset + own.count; ++l)
      shard.cols.push_back(s * shape.blocks + l);
  }
  return shard;
}

Shard MonarchPlan::OfFirst(const char* tensor, void* data) const {
  const MonarchShape& shape = layout_.shape;
  const Piece own = layout_.own();
  Shard shard{tensor, problem_.dtype, data, shape.in, {}, IndicesOf({0, shape.in})};
  for (const Piece& peer : layout_.blocks) {
    for (int64_t k = own.offset; k < own.offset + own.count; ++k) {
      for (int64_t r = 0; r < shape.depth; ++r) {
        for (int64_t l = peer.offset; l < peer.offset + peer.count; ++l)
          shard.rows.push_back((k * shape.depth + r) * shape.blocks + l);
      }
    }
  }
  return shard;
}

Shard MonarchPlan::OfSecond(const char* tensor, void* data) const {
  const MonarchShape& shape = layout_.shape;
  const Piece rows{layout_.own().offset * shape.out, layout_.own().count * shape.out};
  return {tensor,        problem_.dtype,  data,
          shape.inner(), IndicesOf(rows), IndicesOf({0, shape.inner()})};
}

namespace {

absl::StatusOr<std::unique_ptr<Plan>> MakePlan(const Problem& problem, Device& device,
                                               Communicator& communicator) {
  if (problem.direction == "backward") return MakeMonarchBackward(problem, device, communicator);
  auto plan = std::make_unique<MonarchPlan>(problem, device, communicator);
  BB_RETURN_IF_ERROR(plan->Allocate());
  return plan;
}

RankCost Cost(const Problem& problem, int rank) {
  if (problem.direction == "backward") return MonarchBackwardCost(problem, rank);
  const MonarchLayout layout(problem, rank);
  RankCost cost{layout.Held() + layout.Transposed() + layout.z.sent + layout.z.received};
  if (layout.exchanges) cost.traffic = AllToAllTraffic(problem.dtype, layout.z.send, rank);
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
