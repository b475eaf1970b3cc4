// SPDX-License-Identifier: Apache-2.0
#include "workers/collectives/p2p_communicator.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <numeric>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/collectives/algorithms.h"
#include "workers/collectives/channel.h"
#include "workers/collectives/checks.h"
#include "workers/collectives/traffic_model.h"

namespace basisbench {
namespace {

// Attributes messages and time to one collective while it lives.
class CallScope {
 public:
  CallScope(Link& link, Collective collective)
      : link_(link), started_(std::chrono::steady_clock::now()) {
    link_.counter = &link_.traffic[static_cast<size_t>(collective)];
  }
  ~CallScope() {
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - started_;
    link_.counter->seconds += spent.count();
    link_.counter = nullptr;
  }
  CallScope(const CallScope&) = delete;
  CallScope& operator=(const CallScope&) = delete;

 private:
  Link& link_;
  std::chrono::steady_clock::time_point started_;
};

absl::Status NotBroken(const Link& link) {
  if (link.broken.ok()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("the communicator is broken: ", link.broken.message()));
}

absl::Status Remember(Link& link, absl::Status status) {
  if (link.broken.ok()) link.broken = status;
  return status;
}

class P2pPending : public Pending {
 public:
  P2pPending(std::shared_ptr<Link> link, Request receiving, Request sending)
      : link_(std::move(link)), receiving_(std::move(receiving)), sending_(std::move(sending)) {}
  ~P2pPending() override { (void)Wait(); }

  absl::StatusOr<bool> Test() override {
    CallScope scope(*link_, Collective::kSendRecv);
    for (Request* request : {&receiving_, &sending_}) {
      absl::StatusOr<bool> done = request->Test();
      if (!done.ok()) return Remember(*link_, done.status());
      if (!*done) return false;
    }
    return true;
  }

  absl::Status Wait() override {
    CallScope scope(*link_, Collective::kSendRecv);
    BB_RETURN_IF_ERROR(Remember(*link_, receiving_.Wait()));
    return Remember(*link_, sending_.Wait());
  }

 private:
  std::shared_ptr<Link> link_;
  Request receiving_, sending_;
};

class P2pCommunicator : public Communicator {
 public:
  explicit P2pCommunicator(Channel channel) : channel_(std::move(channel)) {}

  int rank() const override { return channel_.rank(); }
  int size() const override { return channel_.size(); }
  std::string backend() const override { return channel_.link().transport->name(); }
  const TrafficTable& traffic() const override { return channel_.link().traffic; }

  absl::Status AllGather(Dtype dtype, void* data, absl::Span<const Piece> pieces) override {
    BB_RETURN_IF_ERROR(CheckPieces(pieces, size()));
    return Counted(Collective::kAllGather,
                   [&] { return RingAllGather(channel_, dtype, data, pieces); });
  }

  absl::Status ReduceScatter(Dtype dtype, void* data, absl::Span<const Piece> pieces) override {
    BB_RETURN_IF_ERROR(CheckPieces(pieces, size()));
    return Counted(Collective::kReduceScatter,
                   [&] { return RingReduceScatter(channel_, dtype, data, pieces); });
  }

  absl::Status AllReduce(Dtype dtype, void* data, int64_t count) override {
    BB_RETURN_IF_ERROR(CheckElementCount(count));
    if (all_reduce_count_ != count) {
      all_reduce_pieces_ = EvenPieces(count, size());
      all_reduce_count_ = count;
    }
    return Counted(Collective::kAllReduce,
                   [&] { return RingAllReduce(channel_, dtype, data, all_reduce_pieces_); });
  }

  absl::Status AllToAll(Dtype dtype, const void* send, absl::Span<const Piece> send_pieces,
                        void* recv, absl::Span<const Piece> recv_pieces) override {
    BB_RETURN_IF_ERROR(CheckAllToAll(send_pieces, recv_pieces, rank(), size()));
    return Counted(Collective::kAllToAll, [&] {
      return PairwiseAllToAll(channel_, dtype, send, send_pieces, recv, recv_pieces);
    });
  }

  absl::Status Broadcast(Dtype dtype, void* data, int64_t count, int root) override {
    BB_RETURN_IF_ERROR(CheckElementCount(count));
    BB_RETURN_IF_ERROR(CheckRank("root", root, size()));
    return Counted(Collective::kBroadcast, [&] {
      return BinomialBroadcast(channel_, data, count * DtypeSize(dtype), root);
    });
  }

  absl::StatusOr<std::unique_ptr<Pending>> StartSendRecv(Dtype dtype, const void* send,
                                                         int64_t send_count, int to, void* recv,
                                                         int64_t recv_count, int from) override;

  absl::Status Barrier() override {
    BB_RETURN_IF_ERROR(NotBroken(channel_.link()));
    return Remember(channel_.link(), DisseminationBarrier(channel_));
  }

  absl::StatusOr<std::unique_ptr<Communicator>> Split(int color, int key) override;

 private:
  template <typename Algorithm>
  absl::Status Counted(Collective collective, Algorithm algorithm) {
    BB_RETURN_IF_ERROR(NotBroken(channel_.link()));
    CallScope scope(channel_.link(), collective);
    ++channel_.link().counter->calls;
    return Remember(channel_.link(), algorithm());
  }

  Channel channel_;
  // The pieces of the last all-reduce, so that a repeated one does not allocate.
  int64_t all_reduce_count_ = -1;
  std::vector<Piece> all_reduce_pieces_;
};

absl::StatusOr<std::unique_ptr<Pending>> P2pCommunicator::StartSendRecv(
    Dtype dtype, const void* send, int64_t send_count, int to, void* recv, int64_t recv_count,
    int from) {
  const int64_t send_bytes = to < 0 ? 0 : send_count * DtypeSize(dtype);
  const int64_t recv_bytes = from < 0 ? 0 : recv_count * DtypeSize(dtype);
  BB_RETURN_IF_ERROR(CheckSendRecv({rank(), size(), to, send_bytes, from, recv_bytes}));
  Request sending, receiving;
  BB_RETURN_IF_ERROR(Counted(Collective::kSendRecv, [&]() -> absl::Status {
    if (to == rank()) {
      if (send_bytes > 0) std::memcpy(recv, send, static_cast<size_t>(send_bytes));
      return absl::OkStatus();
    }
    if (from >= 0) {
      BB_ASSIGN_OR_RETURN(receiving, channel_.Recv(from, recv, recv_bytes, MessageKind::kSendRecv));
    }
    if (to >= 0) {
      BB_ASSIGN_OR_RETURN(sending, channel_.Send(to, send, send_bytes, MessageKind::kSendRecv));
    }
    return absl::OkStatus();
  }));
  return std::make_unique<P2pPending>(channel_.shared_link(), std::move(receiving),
                                      std::move(sending));
}

absl::StatusOr<std::unique_ptr<Communicator>> P2pCommunicator::Split(int color, int key) {
  struct Entry {
    int32_t color, key, next_context, unused;
  };
  BB_RETURN_IF_ERROR(NotBroken(channel_.link()));
  Link& link = channel_.link();
  std::vector<Entry> entries(size());
  entries[rank()] = {color, key, link.next_context, 0};
  std::vector<Piece> pieces = EvenPieces(2 * size(), size());
  BB_RETURN_IF_ERROR(Remember(link, RingAllGather(channel_, Dtype::kF64, entries.data(), pieces)));

  // A context none of the ranks has used; groups of other colours may share it, having no pair of
  // ranks in common.
  int context = 0;
  std::vector<int> order;
  for (int r = 0; r < size(); ++r) {
    context = std::max(context, entries[r].next_context);
    if (entries[r].color == color) order.push_back(r);
  }
  link.next_context = context + 1;
  std::stable_sort(order.begin(), order.end(),
                   [&](int a, int b) { return entries[a].key < entries[b].key; });
  std::vector<int> members;
  int new_rank = 0;
  for (int r : order) {
    if (r == rank()) new_rank = static_cast<int>(members.size());
    members.push_back(channel_.member(r));
  }
  return std::make_unique<P2pCommunicator>(
      Channel(channel_.shared_link(), std::move(members), new_rank, context));
}

}  // namespace

std::unique_ptr<Communicator> MakeP2pCommunicator(std::unique_ptr<Transport> transport) {
  std::vector<int> members(transport->size());
  std::iota(members.begin(), members.end(), 0);
  const int rank = transport->rank();
  return std::make_unique<P2pCommunicator>(
      Channel(std::make_shared<Link>(std::move(transport)), std::move(members), rank, 0));
}

}  // namespace basisbench
