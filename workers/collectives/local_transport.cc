// SPDX-License-Identifier: Apache-2.0
#include "workers/collectives/local_transport.h"

#include <chrono>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"

namespace basisbench {
namespace {

using SteadyClock = std::chrono::steady_clock;

// A deadline beyond what the clock can count is the clock's last moment.
SteadyClock::time_point GiveUpAt(absl::Duration deadline) {
  const auto now = SteadyClock::now();
  const auto left = absl::FromChrono(SteadyClock::time_point::max() - now);
  if (deadline >= left) return SteadyClock::time_point::max();
  return now + absl::ToChronoNanoseconds(deadline);
}

}  // namespace

LocalGroup::LocalGroup(int ranks) : size_(ranks) {
  for (int rank = 0; rank < ranks; ++rank) ports_.push_back(std::make_unique<Port>());
}

void LocalGroup::Break(int rank, const absl::Status& why) {
  std::lock_guard lock(mutex_);
  if (!broken_.ok()) return;
  broken_ = absl::AbortedError(absl::StrCat("rank ", rank, " failed: ", why.message()));
  for (auto& port : ports_) port->changed.notify_all();
}

class LocalTransport : public Transport {
 public:
  LocalTransport(LocalGroup& group, int rank, absl::Duration deadline)
      : group_(group), rank_(rank), deadline_(deadline) {}

  int rank() const override { return rank_; }
  int size() const override { return group_.size(); }
  std::string name() const override { return "local"; }

  absl::StatusOr<Request> StartSend(int peer, int tag, const void* data, int64_t bytes) override {
    return Start({.state = LocalGroup::State::kPosted,
                  .is_send = true,
                  .peer = peer,
                  .tag = tag,
                  .data = const_cast<void*>(data),
                  .bytes = bytes});
  }
  absl::StatusOr<Request> StartRecv(int peer, int tag, void* data, int64_t bytes) override {
    return Start({.state = LocalGroup::State::kPosted,
                  .is_send = false,
                  .peer = peer,
                  .tag = tag,
                  .data = data,
                  .bytes = bytes});
  }

 private:
  using Lock = std::unique_lock<std::mutex>;
  using State = LocalGroup::State;
  using Operation = LocalGroup::Operation;

  absl::StatusOr<Request> Start(Operation operation);
  absl::StatusOr<bool> Test(int id) override;
  absl::Status Wait(int id) override;
  void Abandon(int id) override;

  // These need the group's lock.
  // Copies for one of this rank's receives whose send has been posted, with the lock released
  // during the copy. False when there is nothing to copy.
  absl::StatusOr<bool> CopyOne(Lock& lock);
  // The earliest send posted by the receive's peer that fits its tag; null when none is.
  Operation* FindSend(const Operation& receive);
  // One look at a request, after copying all that can be copied; frees it when done.
  absl::StatusOr<bool> Progress(Lock& lock, int id);

  std::deque<Operation>& Own() { return group_.ports_[rank_]->operations; }

  LocalGroup& group_;
  const int rank_;
  const absl::Duration deadline_;
};

absl::StatusOr<Request> LocalTransport::Start(Operation operation) {
  Lock lock(group_.mutex_);
  BB_RETURN_IF_ERROR(group_.broken_);
  operation.order = group_.next_order_++;
  std::deque<Operation>& own = Own();
  size_t id = 0;
  while (id < own.size() && own[id].state != State::kFree) ++id;
  if (id == own.size()) own.emplace_back();
  own[id] = operation;
  // Only the receiver copies, so only a send is news to the other side.
  if (operation.is_send) group_.ports_[operation.peer]->changed.notify_one();
  return Request(this, static_cast<int>(id));
}

LocalTransport::Operation* LocalTransport::FindSend(const Operation& receive) {
  Operation* first = nullptr;
  for (Operation& send : group_.ports_[receive.peer]->operations) {
    if (send.state == State::kPosted && send.is_send && send.peer == rank_ &&
        send.tag == receive.tag && (first == nullptr || send.order < first->order)) {
      first = &send;
    }
  }
  return first;
}

absl::StatusOr<bool> LocalTransport::CopyOne(Lock& lock) {
  Operation* receive = nullptr;
  Operation* send = nullptr;
  for (Operation& candidate : Own()) {
    if (candidate.state != State::kPosted || candidate.is_send) continue;
    if (receive != nullptr && receive->order < candidate.order) continue;
    if (Operation* found = FindSend(candidate); found != nullptr) {
      receive = &candidate;
      send = found;
    }
  }
  if (receive == nullptr) return false;
  if (receive->bytes != send->bytes) {
    return absl::InternalError(absl::StrCat("rank ", rank_, " expected ", receive->bytes,
                                            " bytes from rank ", receive->peer, ", it sends ",
                                            send->bytes));
  }
  send->state = receive->state = State::kCopying;
  const int sender = receive->peer;
  lock.unlock();
  std::memcpy(receive->data, send->data, static_cast<size_t>(receive->bytes));
  lock.lock();
  send->state = receive->state = State::kDone;
  group_.ports_[sender]->changed.notify_one();
  return true;
}

absl::StatusOr<bool> LocalTransport::Progress(Lock& lock, int id) {
  for (bool copied = true; copied;) {
    // A finished transfer counts even when the group has broken since.
    if (Own()[id].state == State::kDone) {
      Own()[id].state = State::kFree;
      return true;
    }
    BB_RETURN_IF_ERROR(group_.broken_);
    BB_ASSIGN_OR_RETURN(copied, CopyOne(lock));
  }
  return false;
}

absl::StatusOr<bool> LocalTransport::Test(int id) {
  absl::StatusOr<bool> done = false;
  {
    Lock lock(group_.mutex_);
    done = Progress(lock, id);
  }
  if (!done.ok()) Abandon(id);
  return done;
}

absl::Status LocalTransport::Wait(int id) {
  // A short spin first: waking a sleeping thread costs more than most small messages take.
  constexpr int kSpins = 20;
  const auto give_up = GiveUpAt(deadline_);
  absl::StatusOr<bool> done = false;
  for (int spin = 0; done.ok() && !*done; ++spin) {
    if (spin < kSpins) {
      std::this_thread::yield();
      Lock lock(group_.mutex_);
      done = Progress(lock, id);
      continue;
    }
    Lock lock(group_.mutex_);
    done = Progress(lock, id);
    if (!done.ok() || *done) break;
    if (SteadyClock::now() >= give_up) {
      done = absl::DeadlineExceededError(absl::StrCat("rank ", rank_, " waited ",
                                                      absl::FormatDuration(deadline_), " for rank ",
                                                      Own()[id].peer));
      break;
    }
    group_.ports_[rank_]->changed.wait_until(lock, give_up);
  }
  if (done.ok()) return absl::OkStatus();
  Abandon(id);
  return done.status();
}

void LocalTransport::Abandon(int id) {
  Lock lock(group_.mutex_);
  Operation& operation = Own()[id];
  // A peer in the middle of copying this buffer ends by itself: it waits for nobody.
  while (operation.state == State::kCopying) {
    group_.ports_[rank_]->changed.wait(lock);
  }
  operation.state = State::kFree;
}

std::unique_ptr<Transport> MakeLocalTransport(LocalGroup& group, int rank,
                                              absl::Duration deadline) {
  return std::make_unique<LocalTransport>(group, rank, deadline);
}

}  // namespace basisbench
