// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/attention/ring_plan.h"

#include <utility>

#include "services/base/status_macros.h"
#include "workers/collectives/traffic_model.h"
#include "workers/operators/attention/attention_shape.h"
#include "workers/operators/overlap.h"
#include "workers/operators/partition.h"
#include "workers/operators/settle.h"

namespace basisbench {
namespace {

// Elements of the buffers of a rank.
struct RingSizes {
  RingSizes(const Problem& problem, int rank)
      : d_in(problem.shape.d_in),
        d_out(problem.shape.d_out),
        key_cols(d_in / HeadMixer::Heads(problem) * KvHeads(problem)),
        value_cols(HeadMixer::OutputWidth(problem) * KvHeads(problem)),
        rows(PartOf(problem.shape.tokens, problem.ranks, rank).count),
        most_rows(PartOf(problem.shape.tokens, problem.ranks, 0).count),
        backward(problem.direction == "backward"),
        travels(problem.ranks > 1) {}
  int64_t Pair() const { return rows * PairCols(); }
  int64_t PairCols() const { return key_cols + value_cols; }
  int64_t LargestPair() const { return travels ? most_rows * PairCols() : 0; }
  // Gradients of the keys and values under way: those worked on, and those that arrive.
  int64_t Gradients() const { return backward ? most_rows * PairCols() : 0; }
  int64_t ArrivingGradients() const { return backward ? LargestPair() : 0; }

  int64_t d_in, d_out, key_cols, value_cols, rows, most_rows;
  bool backward, travels;
};

// Keys and values of one part of the tokens in one buffer, so that one message moves both.
struct Pair {
  TokenRows k, v;
};

class RingPlan : public Plan {
 public:
  RingPlan(const Problem& problem, Device& device, Communicator& communicator)
      : problem_(problem),
        shape_(AttentionShapeOf(problem, HeadMixer::Heads(problem))),
        sizes_(problem, communicator.rank()),
        device_(device),
        communicator_(communicator),
        ranks_(problem.ranks),
        rank_(communicator.rank()),
        rows_(Rows(rank_)) {}

  absl::Status Allocate() {
    BB_RETURN_IF_ERROR(Take(sizes_.rows * sizes_.d_in, q_));
    BB_RETURN_IF_ERROR(Take(sizes_.Pair(), pair_));
    BB_RETURN_IF_ERROR(Take(sizes_.rows * sizes_.d_out, y_));
    for (Buffer& buffer : travelling_) BB_RETURN_IF_ERROR(Take(sizes_.LargestPair(), buffer));
    if (sizes_.backward) {
      BB_RETURN_IF_ERROR(Take(sizes_.rows * sizes_.d_out, dy_));
      BB_RETURN_IF_ERROR(Take(sizes_.rows * sizes_.d_in, dq_));
      BB_RETURN_IF_ERROR(Take(sizes_.Gradients(), gradients_[0]));
      BB_RETURN_IF_ERROR(Take(sizes_.ArrivingGradients(), gradients_[1]));
    }
    BB_RETURN_IF_ERROR(
        Take(BlockedAttention::Workspace(shape_, sizes_.rows, sizes_.backward), workspace_));
    attention_ = std::make_unique<BlockedAttention>(device_, shape_, sizes_.rows, sizes_.backward,
                                                    workspace_.data());
    return absl::OkStatus();
  }

  absl::Status Run() override { return Iterate({}); }
  absl::Status RunCompute() override { return Iterate({.communicate = false}); }
  absl::Status RunCommunication() override { return Iterate({.compute = false}); }

  std::vector<Shard> Inputs() override {
    const Pair own = PairIn(pair_, rank_);
    std::vector<Shard> inputs = {Held("x", q_.data(), sizes_.d_in),
                                 Held("k", own.k.data, sizes_.key_cols),
                                 Held("v", own.v.data, sizes_.value_cols)};
    if (sizes_.backward) inputs.push_back(Held("dy", dy_.data(), sizes_.d_out));
    return inputs;
  }
  std::vector<Shard> Outputs() override {
    if (!sizes_.backward) return {Held("y", y_.data(), sizes_.d_out)};
    const Pair own = PairIn(Home(), rank_);
    return {Held("dx", dq_.data(), sizes_.d_in), Held("dk", own.k.data, sizes_.key_cols),
            Held("dv", own.v.data, sizes_.value_cols)};
  }

 private:
  absl::Status Take(int64_t elements, Buffer& buffer) {
    BB_ASSIGN_OR_RETURN(buffer, device_.Allocate(elements * DtypeSize(problem_.dtype)));
    return absl::OkStatus();
  }
  Shard Held(const char* tensor, void* data, int64_t width) const {
    return {tensor, problem_.dtype, data, width, IndicesOf(rows_), IndicesOf({0, width})};
  }
  Piece Rows(int rank) const { return PartOf(problem_.shape.tokens, problem_.ranks, rank); }
  int64_t Elements(int rank) const { return Rows(rank).count * sizes_.PairCols(); }
  int Part(int distance) const { return (rank_ - distance + 2 * ranks_) % ranks_; }
  Pair PairIn(Buffer& buffer, int rank) const {
    const Piece rows = Rows(rank);
    const int64_t keys = rows.count * sizes_.key_cols * DtypeSize(problem_.dtype);
    const int64_t heads = KvHeads(problem_);
    return {{buffer.data(), rows, heads}, {buffer.data() + keys, rows, heads}};
  }
  // The gradients change buffers at every step of the ring, and end where P steps lead.
  Buffer& Home() { return gradients_[ranks_ > 1 ? ranks_ % 2 : 0]; }

  TokenRows OfQueries(Buffer& buffer) const { return {buffer.data(), rows_, shape_.heads}; }
  TokenRows Queries() { return OfQueries(q_); }
  TokenRows Y() { return OfQueries(y_); }

  absl::Status Iterate(Parts parts) {
    if (parts.compute) BB_RETURN_IF_ERROR(attention_->Begin(Y()));
    BB_RETURN_IF_ERROR(Round(parts, [&](int, const Pair& pair) {
      return attention_->Add(Queries(), pair.k, pair.v, Y());
    }));
    if (parts.compute) BB_RETURN_IF_ERROR(attention_->End(Y()));
    if (sizes_.backward) BB_RETURN_IF_ERROR(Backward(parts));
    return Settle(device_, ranks_);
  }

  absl::Status Backward(Parts parts) {
    const TokenRows dy = OfQueries(dy_), dq = OfQueries(dq_);
    if (parts.compute) {
      BB_RETURN_IF_ERROR(attention_->MeanGradients(Y(), dy));
      BB_RETURN_IF_ERROR(device_.Fill(problem_.dtype, sizes_.rows * sizes_.d_in, 0, dq_.data()));
      BB_RETURN_IF_ERROR(device_.Fill(problem_.dtype, Elements(rank_), 0, gradients_[0].data()));
    }
    return Round(
        parts,
        [&](int step, const Pair& pair) {
          const Pair gradients = PairIn(gradients_[step % 2], Part(step));
          return attention_->AddGradients(Queries(), pair.k, pair.v, dy,
                                          {dq, gradients.k, gradients.v});
        },
        /*with_gradients=*/true);
  }

  // Keys and values of every rank in turn, the next on their way while one is worked on.
  template <typename Use>
  absl::Status Round(Parts parts, Use use, bool with_gradients = false) {
    Buffer* current = &pair_;
    for (int step = 0; step < ranks_; ++step) {
      Buffer& next = travelling_[step % 2];
      Transfers transfers;
      if (parts.communicate && step + 1 < ranks_) {
        if (step > 1) BB_RETURN_IF_ERROR(device_.Synchronize());  // the last step read `next`
        BB_RETURN_IF_ERROR(PassOn(step, current->data(), next.data(), transfers));
      }
      if (parts.compute) BB_RETURN_IF_ERROR(use(step, PairIn(*current, Part(step))));
      if (parts.communicate && with_gradients && ranks_ > 1) {
        BB_RETURN_IF_ERROR(Settle(device_, ranks_));
        BB_RETURN_IF_ERROR(PassOn(step, gradients_[step % 2].data(),
                                  gradients_[(step + 1) % 2].data(), transfers));
      }
      BB_RETURN_IF_ERROR(transfers.Wait());
      current = &next;
    }
    return absl::OkStatus();
  }

  absl::Status PassOn(int step, const std::byte* out, std::byte* in, Transfers& transfers) {
    BB_ASSIGN_OR_RETURN(
        auto pending,
        communicator_.StartSendRecv(problem_.dtype, out, Elements(Part(step)), (rank_ + 1) % ranks_,
                                    in, Elements(Part(step + 1)), (rank_ + ranks_ - 1) % ranks_));
    transfers.Add(std::move(pending));
    return absl::OkStatus();
  }

  const Problem problem_;
  const AttentionShape shape_;
  const RingSizes sizes_;
  Device& device_;
  Communicator& communicator_;
  const int ranks_, rank_;
  const Piece rows_;
  Buffer q_, pair_, y_, dy_, dq_, workspace_;
  Buffer travelling_[2], gradients_[2];
  std::unique_ptr<BlockedAttention> attention_;
};

absl::StatusOr<std::unique_ptr<Plan>> MakePlan(const Problem& problem, Device& device,
                                               Communicator& communicator) {
  auto plan = std::make_unique<RingPlan>(problem, device, communicator);
  BB_RETURN_IF_ERROR(plan->Allocate());
  return plan;
}

// What the first `steps` steps of the ring send.
void AddRingTraffic(const Problem& problem, int rank, int steps, TrafficTable& traffic) {
  const int ranks = problem.ranks;
  for (int step = 0; step < steps; ++step) {
    const int64_t elements = RingSizes(problem, (rank - step + ranks) % ranks).Pair();
    AddTraffic(SendRecvTraffic(problem.dtype, elements, rank, (rank + 1) % ranks), traffic);
  }
}

RankCost Cost(const Problem& problem, int rank) {
  const RingSizes sizes(problem, rank);
  const AttentionShape shape = AttentionShapeOf(problem, HeadMixer::Heads(problem));
  RankCost cost{sizes.rows * sizes.d_in + sizes.Pair() + sizes.rows * sizes.d_out +
                2 * sizes.LargestPair() +
                BlockedAttention::Workspace(shape, sizes.rows, sizes.backward)};
  const int ranks = problem.ranks;
  AddRingTraffic(problem, rank, ranks - 1, cost.traffic);
  if (!sizes.backward) return cost;
  cost.elements +=
      sizes.rows * (sizes.d_in + sizes.d_out) + sizes.Gradients() + sizes.ArrivingGradients();
  AddRingTraffic(problem, rank, ranks - 1, cost.traffic);
  if (ranks > 1) AddRingTraffic(problem, rank, ranks, cost.traffic);
  return cost;
}

}  // namespace

Sharding AttentionRing() { return {"token", MakePlan, Cost}; }

}  // namespace basisbench
