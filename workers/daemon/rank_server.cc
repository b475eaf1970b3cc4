// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/rank_server.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "services/base/log.h"
#include "services/base/status_macros.h"

namespace basisbench {
namespace {

constexpr size_t kMaxConnections = 4096;
constexpr size_t kChunkBytes = 1 << 16;

// What is sent to the last rank that breaks the protocol is not worth blocking for.
bool WouldBlock() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

absl::StatusOr<std::unique_ptr<RankServer>> RankServer::Start(RankServerOptions options,
                                                              RankEvents* events) {
  std::unique_ptr<RankServer> server(new RankServer(std::move(options), events));
  BB_RETURN_IF_ERROR(server->Listen());
  server->thread_ = std::jthread([raw = server.get()] { raw->Run(); });
  return server;
}

RankServer::~RankServer() {
  const uint64_t one = 1;
  if (stop_.valid()) [[maybe_unused]]
    const ssize_t told = ::write(stop_.get(), &one, sizeof one);
  if (thread_.joinable()) thread_.join();
  for (const auto& connection : connections_) {
    if (connection->rank) events_->OnGone(*connection->rank);
  }
  if (bound_) ::unlink(options_.socket_path.c_str());
}

void RankServer::SetWork(v1::Assignment work) {
  absl::MutexLock lock(&mutex_);
  work_ = std::move(work);
}

absl::Status RankServer::Listen() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (options_.socket_path.size() >= sizeof address.sun_path) {
    return absl::InvalidArgumentError(
        absl::StrCat("the socket path ", options_.socket_path, " has ", options_.socket_path.size(),
                     " characters; at most ", sizeof address.sun_path - 1, " are possible"));
  }
  std::memcpy(address.sun_path, options_.socket_path.data(), options_.socket_path.size());
  listener_ = UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  stop_ = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  bound_ = listener_.valid() && stop_.valid() &&
           ::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  const bool listening = bound_ && ::chmod(options_.socket_path.c_str(), 0600) == 0 &&
                         ::listen(listener_.get(), 1024) == 0;
  if (listening) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("cannot listen on ", options_.socket_path, ": ", std::strerror(errno)));
}

void RankServer::Run() {
  while (true) {
    std::vector<pollfd> entries = {{stop_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
    for (const auto& connection : connections_) {
      const short events = connection->outgoing.empty() ? POLLIN : POLLIN | POLLOUT;
      entries.push_back({connection->fd.get(), events, 0});
    }
    if (::poll(entries.data(), entries.size(), -1) < 0 && errno != EINTR) return;
    if (entries[0].revents != 0) return;
    for (size_t i = 0; i + 2 < entries.size(); ++i) {
      Connection& connection = *connections_[i];
      const short events = entries[i + 2].revents;
      const bool reading = (events & (POLLIN | POLLHUP | POLLERR)) != 0;
      if ((!reading || Read(connection)) && Write(connection)) continue;
      connection.fd.Reset();
      if (connection.rank) events_->OnGone(*connection.rank);
    }
    std::erase_if(connections_, [](const auto& connection) { return !connection->fd.valid(); });
    if (entries[1].revents != 0) Accept();
  }
}

void RankServer::Accept() {
  auto connection = std::make_unique<Connection>();
  connection->fd =
      UniqueFd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (connection->fd.valid() && connections_.size() < kMaxConnections)
    connections_.push_back(std::move(connection));
}

bool RankServer::Read(Connection& connection) {
  std::vector<char> chunk(kChunkBytes);
  const ssize_t got = ::read(connection.fd.get(), chunk.data(), chunk.size());
  if (got < 0) return WouldBlock();
  if (got == 0) return false;
  connection.parser.Append(absl::string_view(chunk.data(), static_cast<size_t>(got)));
  while (true) {
    absl::StatusOr<std::optional<std::string>> payload = connection.parser.Next();
    absl::Status status = payload.status();
    if (status.ok() && !payload->has_value()) return true;
    if (status.ok()) status = Handle(connection, **payload);
    if (status.ok()) continue;
    Log(LogLevel::kWarning, "ranks", "a rank breaks the protocol",
        {{"attempt", options_.attempt_id}, {"error", std::string(status.message())}});
    return false;
  }
}

bool RankServer::Write(Connection& connection) {
  while (!connection.outgoing.empty()) {
    const ssize_t sent = ::send(connection.fd.get(), connection.outgoing.data(),
                                connection.outgoing.size(), MSG_NOSIGNAL);
    if (sent < 0) return WouldBlock();
    connection.outgoing.erase(0, static_cast<size_t>(sent));
  }
  return true;
}

absl::Status RankServer::Handle(Connection& connection, const std::string& payload) {
  v1::RankMessage message;
  if (!message.ParseFromString(payload))
    return absl::InvalidArgumentError("a message that is no RankMessage");
  if (message.has_hello()) return Greet(connection, message.hello());
  if (!connection.rank) return absl::InvalidArgumentError("the first message is not a hello");
  switch (message.message_case()) {
    case v1::RankMessage::kCaseStarted:
      events_->OnCaseStarted(*connection.rank, message.case_started().case_index());
      return absl::OkStatus();
    case v1::RankMessage::kProgress:
      events_->OnProgress(message.progress());
      return absl::OkStatus();
    case v1::RankMessage::kResult: {
      events_->OnResult(message.result());
      v1::RankReply reply;
      reply.mutable_result_taken()->set_case_index(message.result().case_().index());
      connection.outgoing += Frame(reply.SerializeAsString());
      return absl::OkStatus();
    }
    case v1::RankMessage::kActivity:
      events_->OnActivity(message.activity());
      return absl::OkStatus();
    case v1::RankMessage::kDone:
      events_->OnDone(*connection.rank);
      return absl::OkStatus();
    default:
      return absl::InvalidArgumentError("an empty message");
  }
}

absl::Status RankServer::Greet(Connection& connection, const v1::RankHello& hello) {
  if (connection.rank) return absl::InvalidArgumentError("a second hello");
  if (hello.attempt_id() != options_.attempt_id) {
    return absl::InvalidArgumentError(
        absl::StrCat("a hello of attempt '", hello.attempt_id(), "'"));
  }
  if (hello.rank() >= hello.ranks() || hello.local_rank() >= options_.slots.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a hello of rank ", hello.rank(), " of ", hello.ranks(), ", local rank ",
                     hello.local_rank(), ", where ", options_.slots.size(), " slots are held"));
  }
  v1::RankReply reply;
  v1::RankAssignment& assignment = *reply.mutable_assignment();
  const Slot& slot = options_.slots[hello.local_rank()];
  for (const uint32_t cpu : slot.cpus) assignment.add_cpus(cpu);
  assignment.set_worker(options_.worker);
  assignment.set_memory_bytes(slot.memory_bytes);
  assignment.set_gpu(slot.gpu);
  if (hello.rank() == 0) {
    absl::MutexLock lock(&mutex_);
    if (!work_) return absl::FailedPreconditionError("rank 0 reports where no work was assigned");
    *assignment.mutable_work() = *work_;
  }
  connection.rank = hello.rank();
  connection.outgoing += Frame(reply.SerializeAsString());
  events_->OnHello(hello);
  return absl::OkStatus();
}

}  // namespace basisbench
