// SPDX-License-Identifier: Apache-2.0
// The daemon's end of a rank's socket, as a test wants it: hands out one assignment, takes every
// record, remembers what it was told. Listens on a Unix socket of its own; its threads end with it.
#pragma once

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "basisbench/v1/runner.pb.h"
#include "workers/runner/framing.h"

namespace basisbench {

class FakeRankDaemon {
 public:
  explicit FakeRankDaemon(v1::RankAssignment assignment) : assignment_(std::move(assignment)) {
    path_ = absl::StrCat("/tmp/basisbench_fake_", getpid(), ".sock");
    unlink(path_.c_str());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, path_.size());
    listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
        listen(listener_, 16) != 0) {
      abort();
    }
    acceptor_ = std::thread([this] { Accept(); });
  }

  ~FakeRankDaemon() {
    HangUp();
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    for (std::thread& server : servers_) server.join();
    for (int fd : connections_) close(fd);
    close(listener_);
    unlink(path_.c_str());
  }

  const std::string& path() const { return path_; }

  // Closes every connection, as a daemon that dies does.
  void HangUp() {
    absl::MutexLock lock(&mutex_);
    for (int fd : connections_) shutdown(fd, SHUT_RDWR);
  }

  // Waits until `count` messages of `kind` have come; false after 30 s.
  bool Await(v1::RankMessage::MessageCase kind, size_t count) {
    absl::MutexLock lock(&mutex_);
    const auto enough = [this, kind, count] { return CountLocked(kind) >= count; };
    return mutex_.AwaitWithTimeout(absl::Condition(&enough), absl::Seconds(30));
  }

  // Waits until `count` connections were closed by their ranks, as all are when a rank ends; false
  // after 30 s.
  bool AwaitClosed(size_t count) {
    absl::MutexLock lock(&mutex_);
    const auto enough = [this, count] { return closed_ >= count; };
    return mutex_.AwaitWithTimeout(absl::Condition(&enough), absl::Seconds(30));
  }

  std::vector<v1::RankMessage> Received(v1::RankMessage::MessageCase kind) {
    absl::MutexLock lock(&mutex_);
    std::vector<v1::RankMessage> found;
    for (const v1::RankMessage& message : received_) {
      if (message.message_case() == kind) found.push_back(message);
    }
    return found;
  }

 private:
  size_t CountLocked(v1::RankMessage::MessageCase kind) const {
    size_t count = 0;
    for (const v1::RankMessage& message : received_) count += message.message_case() == kind;
    return count;
  }

  void Accept() {
    while (true) {
      const int fd = accept(listener_, nullptr, nullptr);
      if (fd < 0) return;
      absl::MutexLock lock(&mutex_);
      connections_.push_back(fd);
      servers_.emplace_back([this, fd] { Serve(fd); });
    }
  }

  void Serve(int fd) {
    Answer(fd);
    absl::MutexLock lock(&mutex_);
    ++closed_;
  }

  void Answer(int fd) {
    while (true) {
      const auto frame = ReadFrame(fd);
      if (!frame.ok() || !*frame) return;
      v1::RankMessage message;
      if (!message.ParseFromString(**frame)) return;
      v1::RankReply reply;
      {
        absl::MutexLock lock(&mutex_);
        received_.push_back(message);
        if (message.has_hello()) {
          *reply.mutable_assignment() = assignment_;
          if (message.hello().rank() != 0) reply.mutable_assignment()->clear_work();
        } else if (message.has_result()) {
          reply.mutable_result_taken()->set_case_index(message.result().case_().index());
        } else {
          continue;
        }
      }
      if (!WriteFrame(fd, reply.SerializeAsString()).ok()) return;
    }
  }

  const v1::RankAssignment assignment_;
  std::string path_;
  int listener_ = -1;
  std::thread acceptor_;
  std::vector<std::thread> servers_;  // touched by the acceptor, then by the destructor
  absl::Mutex mutex_;
  size_t closed_ = 0;
  std::vector<int> connections_;
  std::vector<v1::RankMessage> received_;
};

}  // namespace basisbench
