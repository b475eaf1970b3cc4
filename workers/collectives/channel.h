// SPDX-License-Identifier: Apache-2.0
// What the collective algorithms send through: the ranks of one communicator over a transport of
// possibly more ranks, every message counted where it is handed over. Empty messages are neither
// sent nor counted. Communicators split off one another share one link, and with it the counters.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "workers/collectives/communicator.h"
#include "workers/collectives/transport.h"
#include "workers/devices/buffer.h"

namespace basisbench {

// One rank's transport and all that is per process rather than per communicator.
struct Link {
  explicit Link(std::unique_ptr<Transport> t) : transport(std::move(t)) {}

  std::unique_ptr<Transport> transport;
  TrafficTable traffic = {};
  // Where messages are being counted; null outside a collective (barriers, splits).
  Traffic* counter = nullptr;
  // Tags of different communicators differ by context, so their messages never meet.
  int next_context = 1;
  // The first failure of a wait. A message may be half way, so nothing can follow it.
  absl::Status broken;
  // Receive space of the chunked reductions, kept between calls.
  std::vector<std::byte> scratch;
};

// Messages of one kind between two ranks are matched in the order of the calls; kinds do not mix.
enum class MessageKind { kCollective = 0, kSendRecv = 1, kControl = 2 };

class Channel {
 public:
  // `members` are transport ranks, in this communicator's rank order.
  Channel(std::shared_ptr<Link> link, std::vector<int> members, int rank, int context)
      : link_(std::move(link)), members_(std::move(members)), rank_(rank), context_(context) {}

  int rank() const { return rank_; }
  int size() const { return static_cast<int>(members_.size()); }
  int member(int rank) const { return members_[rank]; }
  Link& link() const { return *link_; }
  const std::shared_ptr<Link>& shared_link() const { return link_; }

  absl::StatusOr<Request> Send(int to, const void* data, int64_t bytes,
                               MessageKind kind = MessageKind::kCollective);
  absl::StatusOr<Request> Recv(int from, void* data, int64_t bytes,
                               MessageKind kind = MessageKind::kCollective);
  // Both at once, to the end.
  absl::Status Exchange(int to, const void* send, int64_t send_bytes, int from, void* recv,
                        int64_t recv_bytes, MessageKind kind = MessageKind::kCollective);

 private:
  int Tag(MessageKind kind) const { return context_ * 4 + static_cast<int>(kind); }

  std::shared_ptr<Link> link_;
  std::vector<int> members_;
  int rank_;
  int context_;
};

}  // namespace basisbench
