// SPDX-License-Identifier: Apache-2.0
// The adjoint of the two batches of products and their outer products, tile by tile as forward:
//   z made again from X        it is not kept
//   dz[k, r, l] = w2[l]^T dyt[l],  dw2[l] += dyt[l] z[l]^T
//   dxt[k] = w1[k]^T dz[k],        dw1[k] += dz[k] xt[k]^T
// "all_to_all": z goes to the rank of its l, dz comes back to that of its k: messages 2 (P - 1),
// bytes b N depth (|K_p| (blocks - |L_p|) + |L_p| (blocks - |K_p|)). Gradients need no sum.
// "token": an all-reduce of both gradients.
#include <algorithm>

#include "services/base/status_macros.h"
#include "workers/collectives/traffic_model.h"
#include "workers/operators/monarch/monarch_run.h"
#include "workers/operators/settle.h"

namespace basisbench {
namespace {

class MonarchBackwardPlan : public MonarchPlan {
 public:
  using MonarchPlan::MonarchPlan;

  absl::Status AllocateGradients() {
    BB_RETURN_IF_ERROR(Take(layout_.HeldOfX(), dx_));
    BB_RETURN_IF_ERROR(Take(layout_.First() + layout_.Second(), dw_));
    BB_RETURN_IF_ERROR(Take(layout_.Transposed(), turned_));
    return Take(layout_.z.received, dz_);
  }

  std::vector<Shard> Inputs() override {
    std::vector<Shard> inputs = MonarchPlan::Inputs();
    inputs.push_back(OfY("dy", y_));
    return inputs;
  }
  std::vector<Shard> Outputs() override {
    return {OfX("dx", dx_), OfFirst("dw1", dw_.data()), OfSecond("dw2", At(dw_, layout_.First()))};
  }

 private:
  absl::Status Iterate(Parts parts) override;
  absl::Status ReduceGradients(Parts parts);

  // Turns a tile of dY to dz and adds to dW2; turns dz to a tile of dX and adds to dW1.
  absl::Status SecondAdjoint(int64_t row, int64_t rows);
  absl::Status FirstAdjoint(int64_t row, int64_t rows);
  absl::Status ToSecondGradient(int peer, int64_t row, int64_t rows);
  absl::Status ToFirstGradient(int peer, int64_t weights, int64_t row, int64_t rows);

  // Where dz lies: of the own l and a peer's k, and of the own k and a peer's l once it is back.
  std::byte* MadeFor(int peer, int64_t row) {
    return dz_.data() + (FromPeer(peer, row) - received_.data());
  }
  std::byte* BackFrom(int peer, int64_t row) {
    return peer == layout_.me ? MadeFor(peer, row) : ToPeer(peer, row);
  }

  Buffer dx_, dw_;  // dw_: like w1_, then like w2_
  Buffer turned_;   // a transposed tile of dY, then of dX, while transposed_ is of X
  Buffer dz_;       // like received_; it comes back to sent_
};

absl::Status MonarchBackwardPlan::Iterate(Parts parts) {
  const int64_t in = layout_.own().count * layout_.shape.in;
  const auto again = [&](int64_t row, int64_t rows) -> absl::Status {
    BB_RETURN_IF_ERROR(Turn(x_, in, row, rows, transposed_));
    return FirstFactor(row, rows);
  };
  if (!layout_.exchanges) {
    const auto all = [&](int64_t row, int64_t rows) -> absl::Status {
      BB_RETURN_IF_ERROR(again(row, rows));
      BB_RETURN_IF_ERROR(SecondAdjoint(row, rows));
      return FirstAdjoint(row, rows);
    };
    if (parts.compute) BB_RETURN_IF_ERROR(EachTile(all));
    return ReduceGradients(parts);
  }
  if (parts.compute) BB_RETURN_IF_ERROR(EachTile(again));
  BB_RETURN_IF_ERROR(Exchange(parts));
  if (parts.compute) {
    BB_RETURN_IF_ERROR(
        EachTile([&](int64_t row, int64_t rows) { return SecondAdjoint(row, rows); }));
  }
  BB_RETURN_IF_ERROR(Settle(device_, problem_.ranks));
  if (parts.communicate) {
    BB_RETURN_IF_ERROR(communicator_.AllToAll(problem_.dtype, dz_.data(), layout_.z.receive,
                                              sent_.data(), layout_.z.send));
  }
  const auto last = [&](int64_t row, int64_t rows) -> absl::Status {
    BB_RETURN_IF_ERROR(Turn(x_, in, row, rows, transposed_));
    return FirstAdjoint(row, rows);
  };
  if (parts.compute) BB_RETURN_IF_ERROR(EachTile(last));
  return Settle(device_, problem_.ranks);
}

absl::Status MonarchBackwardPlan::ReduceGradients(Parts parts) {
  const int64_t elements = layout_.First() + layout_.Second();
  const bool shared = problem_.sharding == "token" && problem_.ranks > 1;
  if (shared && parts.compute && layout_.rows.count == 0)  // the last sum is still there
    BB_RETURN_IF_ERROR(device_.Fill(problem_.dtype, elements, 0.0, dw_.data()));
  BB_RETURN_IF_ERROR(Settle(device_, problem_.ranks));
  if (!shared || !parts.communicate) return absl::OkStatus();
  return communicator_.AllReduce(problem_.dtype, dw_.data(), elements);
}

absl::Status MonarchBackwardPlan::SecondAdjoint(int64_t row, int64_t rows) {
  const MonarchShape& shape = layout_.shape;
  const int64_t own = layout_.own().count;
  BB_RETURN_IF_ERROR(Turn(y_, own * shape.out, row, rows, turned_));
  for (int peer = 0; peer < layout_.peers(); ++peer) {
    GemmArgs args{.dtype = problem_.dtype, .transpose_a = Transpose::kYes};
    args.m = layout_.blocks[peer].count * shape.depth, args.n = rows, args.k = shape.out;
    args.a = At(w2_, layout_.blocks[peer].offset * shape.depth);
    args.lda = shape.inner();
    args.stride_a = shape.out * shape.inner();
    args.b = turned_.data();
    args.ldb = own * rows;
    args.stride_b = rows;
    args.c = MadeFor(peer, row);
    args.ldc = own * rows;
    args.stride_c = rows;
    args.batch = own;
    BB_RETURN_IF_ERROR(device_.Gemm(args));
    BB_RETURN_IF_ERROR(ToSecondGradient(peer, row, rows));
  }
  return absl::OkStatus();
}

absl::Status MonarchBackwardPlan::ToSecondGradient(int peer, int64_t row, int64_t rows) {
  const MonarchShape& shape = layout_.shape;
  const int64_t own = layout_.own().count;
  GemmArgs args{.dtype = problem_.dtype, .transpose_b = Transpose::kYes};
  args.m = shape.out, args.n = layout_.blocks[peer].count * shape.depth, args.k = rows;
  args.a = turned_.data();
  args.lda = own * rows;
  args.stride_a = rows;
  args.b = FromPeer(peer, row);
  args.ldb = own * rows;
  args.stride_b = rows;
  args.beta = row == 0 ? 0.0 : 1.0;
  args.c = At(dw_, layout_.First() + layout_.blocks[peer].offset * shape.depth);
  args.ldc = shape.inner();
  args.stride_c = shape.out * shape.inner();
  args.batch = own;
  return device_.Gemm(args);
}

absl::Status MonarchBackwardPlan::FirstAdjoint(int64_t row, int64_t rows) {
  const MonarchShape& shape = layout_.shape;
  int64_t weights = 0;
  for (int peer = 0; peer < layout_.peers(); ++peer) {
    const int64_t width = shape.depth * layout_.blocks[peer].count;
    GemmArgs args{.dtype = problem_.dtype, .transpose_a = Transpose::kYes};
    args.m = shape.in, args.n = rows, args.k = width;
    args.a = At(w1_, weights);
    args.lda = shape.in;
    args.stride_a = width * shape.in;
    args.b = BackFrom(peer, row);
    args.ldb = rows;
    args.stride_b = width * rows;
    args.beta = peer == 0 ? 0.0 : 1.0;
    args.c = turned_.data();
    args.ldc = rows;
    args.stride_c = shape.in * rows;
    args.batch = layout_.own().count;
    BB_RETURN_IF_ERROR(device_.Gemm(args));
    BB_RETURN_IF_ERROR(ToFirstGradient(peer, weights, row, rows));
    weights += args.batch * args.stride_a;
  }
  return TurnBack(turned_, layout_.own().count * shape.in, row, rows, dx_);
}

absl::Status MonarchBackwardPlan::ToFirstGradient(int peer, int64_t weights, int64_t row,
                                                  int64_t rows) {
  const MonarchShape& shape = layout_.shape;
  GemmArgs args{.dtype = problem_.dtype, .transpose_b = Transpose::kYes};
  args.m = shape.depth * layout_.blocks[peer].count, args.n = shape.in, args.k = rows;
  args.a = BackFrom(peer, row);
  args.lda = rows;
  args.stride_a = args.m * rows;
  args.b = transposed_.data();
  args.ldb = rows;
  args.stride_b = shape.in * rows;
  args.beta = row == 0 ? 0.0 : 1.0;
  args.c = At(dw_, weights);
  args.ldc = shape.in;
  args.stride_c = args.m * shape.in;
  args.batch = layout_.own().count;
  return device_.Gemm(args);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Plan>> MakeMonarchBackward(const Problem& problem, Device& device,
                                                          Communicator& communicator) {
  auto plan = std::make_unique<MonarchBackwardPlan>(problem, device, communicator);
  BB_RETURN_IF_ERROR(plan->Allocate());
  BB_RETURN_IF_ERROR(plan->AllocateGradients());
  return plan;
}

RankCost MonarchBackwardCost(const Problem& problem, int rank) {
  const MonarchLayout layout(problem, rank);
  const int64_t weights = layout.First() + layout.Second();
  RankCost cost{layout.Held() + layout.HeldOfX() + weights + 2 * layout.Transposed() +
                layout.z.sent + 2 * layout.z.received};
  if (layout.exchanges) {
    cost.traffic = AllToAllTraffic(problem.dtype, layout.z.send, rank);
    AddTraffic(AllToAllTraffic(problem.dtype, layout.z.receive, rank), cost.traffic);
  } else if (problem.sharding == "token" && problem.ranks > 1) {
    cost.traffic = AllReduceTraffic(problem.dtype, weights, rank, problem.ranks);
  }
  return cost;
}

}  // namespace basisbench
