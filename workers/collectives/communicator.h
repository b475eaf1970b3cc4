// SPDX-License-Identifier: Apache-2.0
// Movement between the ranks of one case. Every rank calls the same collectives in the same order.
// Buffers are host memory for `local` and `mpi`, device memory for `nccl`. A call returns when this
// rank's part is done; every wait has the communicator's deadline and ends in DEADLINE_EXCEEDED,
// after which the communicator is broken. Counts and offsets are in elements, per rank, and may be
// uneven or zero; all ranks pass the same arrays. One communicator belongs to one thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "workers/devices/dtype.h"

namespace basisbench {

enum class Collective { kAllGather, kReduceScatter, kAllReduce, kAllToAll, kSendRecv, kBroadcast };
inline constexpr int kCollectiveCount = 6;

// "all_gather", "reduce_scatter", ...
absl::string_view CollectiveName(Collective collective);

// What one rank did in one kind of collective.
struct Traffic {
  int64_t calls = 0;
  int64_t bytes_sent = 0;
  int64_t messages_sent = 0;
  double seconds = 0;  // time inside the calls; 0 in a declaration
};

// Per collective, indexed by static_cast<size_t>(Collective).
using TrafficTable = std::array<Traffic, kCollectiveCount>;

// What was added between two looks at a communicator's table.
TrafficTable Difference(const TrafficTable& after, const TrafficTable& before);

// A piece of a buffer for a variable-size collective.
struct Piece {
  int64_t offset = 0;
  int64_t count = 0;
};

// A started send and receive; finished by Wait. Destroying an unfinished one waits.
class Pending {
 public:
  virtual ~Pending() = default;
  // True when both have finished. Drives progress: call it between slices of computing to overlap.
  virtual absl::StatusOr<bool> Test() = 0;
  virtual absl::Status Wait() = 0;
};

class Communicator {
 public:
  virtual ~Communicator() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  // "local", "mpi", "nccl".
  virtual std::string backend() const = 0;

  // Each rank contributes pieces[rank] of `data` in place; afterwards all pieces are valid. Ring:
  // (P-1) messages, bytes = sum of all pieces except that of rank+1 (s(P-1)/P when even).
  virtual absl::Status AllGather(Dtype dtype, void* data, absl::Span<const Piece> pieces) = 0;

  // Sums `data` over ranks; afterwards pieces[rank] of this rank's `data` holds the sum, the rest
  // is scratch. Ring: (P-1) messages (a large piece goes in several), sum of all pieces except the
  // own. traffic_model.h gives the exact numbers of every collective.
  virtual absl::Status ReduceScatter(Dtype dtype, void* data, absl::Span<const Piece> pieces) = 0;

  // Sums `count` elements over ranks, in place. Reduce-scatter then all-gather over near-equal
  // pieces.
  virtual absl::Status AllReduce(Dtype dtype, void* data, int64_t count) = 0;

  // Sends send_pieces[r] of `send` to rank r, receives recv_pieces[r] of `recv` from rank r.
  // Pairwise: one message to each other rank that has a non-empty piece; the own piece is copied.
  virtual absl::Status AllToAll(Dtype dtype, const void* send, absl::Span<const Piece> send_pieces,
                                void* recv, absl::Span<const Piece> recv_pieces) = 0;

  // Root's `count` elements go to every rank; binomial tree.
  virtual absl::Status Broadcast(Dtype dtype, void* data, int64_t count, int root) = 0;

  // Sends to `to` and receives from `from`; a negative rank leaves that half out. Buffers must stay
  // until done.
  virtual absl::StatusOr<std::unique_ptr<Pending>> StartSendRecv(Dtype dtype, const void* send,
                                                                 int64_t send_count, int to,
                                                                 void* recv, int64_t recv_count,
                                                                 int from) = 0;

  // Not counted as traffic: synchronisation of the harness.
  virtual absl::Status Barrier() = 0;

  // Collective. Ranks of equal `color` form a new communicator ordered by `key`.
  virtual absl::StatusOr<std::unique_ptr<Communicator>> Split(int color, int key) = 0;

  // Bytes and messages this rank has handed over since construction, own and split-off
  // communicators together.
  virtual const TrafficTable& traffic() const = 0;
};

}  // namespace basisbench
