// SPDX-License-Identifier: Apache-2.0
// Messages between threads of one process, by rendezvous: the receiving thread copies straight out
// of the sender's buffer, so there is one copy and no queue memory. Each rank's transport belongs
// to that rank's thread; the group is shared by all and thread-safe. Breaking the group ends all
// waits, present and future, with ABORTED.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "workers/collectives/transport.h"

namespace basisbench {

class LocalGroup {
 public:
  explicit LocalGroup(int ranks);
  int size() const { return size_; }
  // Only the first reason is kept.
  void Break(int rank, const absl::Status& why);

 private:
  friend class LocalTransport;

  enum class State { kFree, kPosted, kCopying, kDone };
  struct Operation {
    State state = State::kFree;
    bool is_send = false;
    int peer = 0, tag = 0;
    void* data = nullptr;
    int64_t bytes = 0;
    uint64_t order = 0;
  };
  // One rank's started operations; an id is an index.
  struct Port {
    std::deque<Operation> operations;  // stays in place while a peer copies
    std::condition_variable changed;
  };

  const int size_;
  // The standard ones, which thread sanitizers know; guards all below.
  std::mutex mutex_;
  std::vector<std::unique_ptr<Port>> ports_;
  uint64_t next_order_ = 0;
  absl::Status broken_;
};

// The transport of `rank` in `group`, which must outlive it.
std::unique_ptr<Transport> MakeLocalTransport(LocalGroup& group, int rank, absl::Duration deadline);

}  // namespace basisbench
