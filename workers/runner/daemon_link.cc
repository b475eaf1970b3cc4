// SPDX-License-Identifier: Apache-2.0
#include "workers/runner/daemon_link.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "services/base/log.h"
#include "services/base/status_macros.h"
#include "workers/runner/framing.h"

namespace basisbench {
namespace {

constexpr int kAssignmentTimeoutMs = 30'000;
constexpr int kSendTimeoutSeconds = 60;
constexpr absl::Duration kTakeTimeout = absl::Seconds(60);

absl::Status SocketError(const std::string& path, const char* call) {
  return absl::UnavailableError(absl::StrCat(call, " ", path, ": ", strerror(errno)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<DaemonLink>> DaemonLink::Connect(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return absl::InvalidArgumentError(absl::StrCat("socket path is too long: ", path));
  }
  path.copy(address.sun_path, path.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return SocketError(path, "socket");
  auto link = std::unique_ptr<DaemonLink>(new DaemonLink(fd));
  // A daemon that stops reading for this long is as good as gone.
  const timeval timeout{kSendTimeoutSeconds, 0};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return SocketError(path, "connect");
  }
  return link;
}

DaemonLink::~DaemonLink() {
  {
    absl::MutexLock lock(&mutex_);
    closing_ = true;
  }
  shutdown(fd_, SHUT_RDWR);
  if (watcher_.joinable()) watcher_.join();
  close(fd_);
}

absl::StatusOr<v1::RankAssignment> DaemonLink::Introduce(const v1::RankHello& hello,
                                                         std::function<void()> on_lost) {
  on_lost_ = std::move(on_lost);
  v1::RankMessage message;
  *message.mutable_hello() = hello;
  BB_RETURN_IF_ERROR(Send(message));
  BB_ASSIGN_OR_RETURN(const auto frame, ReadFrame(fd_, kAssignmentTimeoutMs));
  if (!frame) return absl::UnavailableError("the daemon closed the connection before assigning");
  v1::RankReply reply;
  if (!reply.ParseFromString(*frame) || !reply.has_assignment()) {
    return absl::InternalError("the daemon answered hello with something else");
  }
  watcher_ = std::thread([this] { Watch(); });
  return std::move(*reply.mutable_assignment());
}

void DaemonLink::Watch() {
  while (true) {
    const auto frame = ReadFrame(fd_);
    if (!frame.ok() || !*frame) break;
    v1::RankReply reply;
    if (reply.ParseFromString(**frame)) Take(reply);
  }
  {
    absl::MutexLock lock(&mutex_);
    if (closing_) return;
  }
  Log(LogLevel::kError, "runner", "the daemon has gone");
  on_lost_();
}

void DaemonLink::Take(const v1::RankReply& reply) {
  absl::MutexLock lock(&mutex_);
  if (reply.has_result_taken() && reply.result_taken().case_index() == awaited_case_) taken_ = true;
}

absl::Status DaemonLink::Send(const v1::RankMessage& message) {
  return WriteFrame(fd_, message.SerializeAsString());
}

absl::Status DaemonLink::CaseStarted(uint32_t case_index) {
  v1::RankMessage message;
  message.mutable_case_started()->set_case_index(case_index);
  return Send(message);
}

absl::Status DaemonLink::Report(const v1::Progress& progress) {
  v1::RankMessage message;
  *message.mutable_progress() = progress;
  return Send(message);
}

absl::Status DaemonLink::Report(const v1::RankActivity& activity) {
  v1::RankMessage message;
  *message.mutable_activity() = activity;
  return Send(message);
}

absl::Status DaemonLink::Report(const v1::CaseResult& result) {
  const uint32_t index = result.case_().index();
  {
    absl::MutexLock lock(&mutex_);
    awaited_case_ = index;
    taken_ = false;
  }
  v1::RankMessage message;
  *message.mutable_result() = result;
  BB_RETURN_IF_ERROR(Send(message));
  absl::MutexLock lock(&mutex_);
  if (mutex_.AwaitWithTimeout(absl::Condition(&taken_), kTakeTimeout)) return absl::OkStatus();
  return absl::DeadlineExceededError(absl::StrCat("the daemon did not take the record of case ",
                                                  index, " within ",
                                                  absl::FormatDuration(kTakeTimeout)));
}

absl::Status DaemonLink::Done() {
  {
    absl::MutexLock lock(&mutex_);
    closing_ = true;
  }
  v1::RankMessage message;
  message.mutable_done();
  return Send(message);
}

}  // namespace basisbench
