// SPDX-License-Identifier: Apache-2.0
#include "workers/collectives/mpi_transport.h"

#include <mpi.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/collectives/mpi_check.h"

namespace basisbench {
namespace {

// Of the process, as MPI itself is.
std::atomic<bool>& Broken() {
  static std::atomic<bool> broken{false};
  return broken;
}

class MpiTransport : public Transport {
 public:
  MpiTransport(absl::Duration deadline, int64_t largest_part)
      : deadline_(absl::ToChronoNanoseconds(deadline)), largest_part_(largest_part) {}
  ~MpiTransport() override {
    // Freeing is collective; with a peer gone it might not return.
    if (comm_ != MPI_COMM_NULL && !MpiIsBroken()) MPI_Comm_free(&comm_);
  }

  absl::Status Start() {
    BB_RETURN_IF_ERROR(CheckMpi(MPI_Comm_dup(MPI_COMM_WORLD, &comm_), "MPI_Comm_dup"));
    BB_RETURN_IF_ERROR(
        CheckMpi(MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler"));
    BB_RETURN_IF_ERROR(CheckMpi(MPI_Comm_rank(comm_, &rank_), "MPI_Comm_rank"));
    return CheckMpi(MPI_Comm_size(comm_, &size_), "MPI_Comm_size");
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  std::string name() const override { return "mpi"; }

  absl::StatusOr<Request> StartSend(int peer, int tag, const void* data, int64_t bytes) override {
    return StartParts(peer, bytes, false, [&](int64_t offset, int count, MPI_Request* request) {
      return CheckMpi(MPI_Isend(static_cast<const char*>(data) + offset, count, MPI_BYTE, peer, tag,
                                comm_, request),
                      "MPI_Isend");
    });
  }

  absl::StatusOr<Request> StartRecv(int peer, int tag, void* data, int64_t bytes) override {
    return StartParts(peer, bytes, true, [&](int64_t offset, int count, MPI_Request* request) {
      return CheckMpi(
          MPI_Irecv(static_cast<char*>(data) + offset, count, MPI_BYTE, peer, tag, comm_, request),
          "MPI_Irecv");
    });
  }

 private:
  // A message as its parts, of which those before `next` are done.
  struct Message {
    std::vector<MPI_Request> parts;
    size_t next = 0;
    int64_t bytes = 0;
    int peer = 0;
    bool is_receive = false;
    bool in_use = false;
  };

  template <typename StartPart>
  absl::StatusOr<Request> StartParts(int peer, int64_t bytes, bool is_receive, StartPart start);
  absl::StatusOr<bool> Test(int id) override;
  absl::Status Wait(int id) override;
  void Abandon(int id) override;

  MPI_Comm comm_ = MPI_COMM_NULL;
  int rank_ = 0, size_ = 1;
  const std::chrono::nanoseconds deadline_;
  const int64_t largest_part_;
  std::deque<Message> messages_;  // by id; their part lists are reused
};

template <typename StartPart>
absl::StatusOr<Request> MpiTransport::StartParts(int peer, int64_t bytes, bool is_receive,
                                                 StartPart start) {
  size_t id = 0;
  while (id < messages_.size() && messages_[id].in_use) ++id;
  if (id == messages_.size()) messages_.emplace_back();
  Message& message = messages_[id];
  message.parts.clear();
  message.next = 0;
  message.bytes = bytes;
  message.peer = peer;
  message.is_receive = is_receive;
  message.in_use = true;
  Request request(this, static_cast<int>(id));
  for (int64_t offset = 0; offset < bytes; offset += largest_part_) {
    message.parts.push_back(MPI_REQUEST_NULL);
    const int count = static_cast<int>(std::min(largest_part_, bytes - offset));
    BB_RETURN_IF_ERROR(start(offset, count, &message.parts.back()));
  }
  return request;
}

absl::StatusOr<bool> MpiTransport::Test(int id) {
  Message& message = messages_[id];
  while (message.next < message.parts.size()) {
    int done = 0;
    MPI_Status status;
    absl::Status tested =
        CheckMpi(MPI_Test(&message.parts[message.next], &done, &status), "MPI_Test");
    if (tested.ok() && done == 0) return false;
    int received = 0;
    if (tested.ok() && message.is_receive) {
      tested = CheckMpi(MPI_Get_count(&status, MPI_BYTE, &received), "MPI_Get_count");
    }
    const int64_t expected =
        std::min(largest_part_, message.bytes - static_cast<int64_t>(message.next) * largest_part_);
    if (tested.ok() && message.is_receive && received != expected) {
      tested =
          absl::InternalError(absl::StrCat("rank ", rank_, " expected ", expected,
                                           " bytes from rank ", message.peer, ", got ", received));
    }
    if (!tested.ok()) {
      Abandon(id);
      return tested;
    }
    ++message.next;
  }
  message.in_use = false;
  return true;
}

absl::Status MpiTransport::Wait(int id) {
  // Each test drives all of MPI's progress. The processor is given away, and the clock read, only
  // after a while: most messages are short.
  constexpr int kTestsBeforeYield = 200;
  const auto started = std::chrono::steady_clock::now();
  for (int tests = 0;; ++tests) {
    BB_ASSIGN_OR_RETURN(const bool done, Test(id));
    if (done) return absl::OkStatus();
    if (tests < kTestsBeforeYield) continue;
    std::this_thread::yield();
    if (std::chrono::steady_clock::now() - started < deadline_) continue;
    const int peer = messages_[id].peer;
    Abandon(id);
    return absl::DeadlineExceededError(
        absl::StrCat("rank ", rank_, " waited ", absl::FormatDuration(absl::FromChrono(deadline_)),
                     " for rank ", peer));
  }
}

void MpiTransport::Abandon(int id) {
  Message& message = messages_[id];
  Broken() = true;
  for (size_t part = message.next; part < message.parts.size(); ++part) {
    if (message.parts[part] == MPI_REQUEST_NULL) continue;
    // A receive stops at once. MPI cannot stop a send: its buffer must outlive the process's MPI.
    if (message.is_receive) MPI_Cancel(&message.parts[part]);
    MPI_Request_free(&message.parts[part]);
  }
  message.in_use = false;
}

}  // namespace

bool MpiIsBroken() { return Broken(); }

absl::StatusOr<std::unique_ptr<Transport>> MakeMpiTransport(absl::Duration deadline,
                                                            int64_t largest_part) {
  auto transport = std::make_unique<MpiTransport>(deadline, largest_part);
  BB_RETURN_IF_ERROR(transport->Start());
  return transport;
}

}  // namespace basisbench
