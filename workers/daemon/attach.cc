// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/attach.h"

#include <algorithm>
#include <utility>

#include "services/base/log.h"
#include "services/base/rpc/rpc_status.h"

namespace basisbench {
namespace {

constexpr absl::Duration kShortestInterval = absl::Milliseconds(20);
constexpr absl::Duration kLook = absl::Milliseconds(20);
constexpr size_t kMaxQueued = 100'000;

absl::Duration FromProto(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

bool Permanent(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::INVALID_ARGUMENT ||
         status.error_code() == grpc::StatusCode::UNAUTHENTICATED ||
         status.error_code() == grpc::StatusCode::PERMISSION_DENIED;
}

}  // namespace

AttachClient::AttachClient(AttachOptions options, const Clock& clock, AttachEvents* events)
    : options_(std::move(options)), clock_(clock), events_(events) {
  dialler_ = std::jthread([this] { Dial(); });
  writer_ = std::jthread([this] { Write(); });
  watcher_ = std::jthread([this] { Watch(); });
}

AttachClient::~AttachClient() { Stop(); }

void AttachClient::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    if (context_ != nullptr) context_->TryCancel();
  }
  for (std::jthread* thread : {&dialler_, &writer_, &watcher_}) {
    if (thread->joinable()) thread->join();
  }
}

bool AttachClient::Send(v1::AttachRequest message) {
  absl::MutexLock lock(&mutex_);
  if (!accepting_ || queue_.size() >= kMaxQueued) return false;
  queue_.push_back(std::move(message));
  return true;
}

bool AttachClient::attached() const {
  absl::MutexLock lock(&mutex_);
  return attached_;
}

absl::Time AttachClient::last_heard() const {
  absl::MutexLock lock(&mutex_);
  return last_heard_;
}

uint64_t AttachClient::reconnects() const {
  absl::MutexLock lock(&mutex_);
  return registrations_ > 0 ? registrations_ - 1 : 0;
}

void AttachClient::Flush(absl::Time deadline) {
  absl::MutexLock lock(&mutex_);
  const auto idle = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return !attached_ || (queue_.empty() && !writing_);
  };
  mutex_.AwaitWithDeadline(absl::Condition(&idle), deadline);
}

void AttachClient::Pause(absl::Duration duration) {
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(&stopping_), duration);
}

void AttachClient::Hear() {
  absl::MutexLock lock(&mutex_);
  last_heard_ = clock_.Now();
  lease_.Heard(last_heard_);
}

void AttachClient::Dial() {
  Backoff backoff(options_.first_pause, options_.longest_pause);
  std::minstd_rand random(std::random_device{}());
  std::uniform_real_distribution<double> unit(0.0, 1.0);
  while (true) {
    const uint64_t before = reconnects();
    const bool was_registered = last_heard() != absl::InfinitePast();
    const grpc::Status status = RunStream();
    {
      absl::MutexLock lock(&mutex_);
      if (stopping_) return;
    }
    const bool registered =
        reconnects() != before || (!was_registered && last_heard() != absl::InfinitePast());
    if (registered) backoff.Reset();
    if (Permanent(status)) events_->OnRefused(FromGrpc(status));
    const absl::Duration pause = backoff.Next(unit(random));
    Log(LogLevel::kWarning, "attach", "no stream to the coordinator",
        {{"error", status.error_message()}, {"retry_in", absl::FormatDuration(pause)}});
    Pause(pause);
  }
}

// A channel of its own for each try: a shared one would hold back the next try by its own, longer
// pauses.
grpc::Status AttachClient::RunStream() {
  const absl::StatusOr<std::shared_ptr<grpc::Channel>> channel = options_.dial();
  if (!channel.ok()) return ToGrpc(channel.status());
  const auto stub = v1::WorkerService::NewStub(*channel);
  grpc::ClientContext context;
  {
    absl::MutexLock lock(&mutex_);
    if (stopping_) return grpc::Status::CANCELLED;
    context_ = &context;
    dialled_ = clock_.Now();
  }
  const std::unique_ptr<Stream> stream = stub->Attach(&context);
  if (Register(*stream)) {
    v1::AttachResponse message;
    while (stream->Read(&message)) {
      Hear();
      if (!message.has_keep_alive()) events_->OnMessage(message);
    }
  }
  {
    absl::MutexLock lock(&mutex_);
    attached_ = false;
    accepting_ = false;
    queue_.clear();
    // The writer may be blocked on the stream; cancelling frees it, and only then may the stream
    // go.
    context.TryCancel();
    const auto idle = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !writing_; };
    mutex_.Await(absl::Condition(&idle));
    stream_ = nullptr;
  }
  const grpc::Status status = stream->Finish();
  absl::MutexLock lock(&mutex_);
  context_ = nullptr;
  dialled_ = absl::InfiniteFuture();
  return status;
}

bool AttachClient::Register(Stream& stream) {
  v1::AttachRequest request;
  *request.mutable_register_() = events_->MakeRegistration();
  v1::AttachResponse response;
  if (!stream.Write(request) || !stream.Read(&response) || !response.has_registered()) return false;
  const v1::Registered& registered = response.registered();
  {
    absl::MutexLock lock(&mutex_);
    const absl::Time now = clock_.Now();
    last_heard_ = now;
    lease_.Grant(FromProto(registered.lease()), now);
    keep_alive_interval_ = std::max(FromProto(registered.keep_alive_interval()), kShortestInterval);
    dialled_ = absl::InfiniteFuture();
    accepting_ = true;
  }
  const std::vector<v1::AttachRequest> first = events_->OnRegistered(registered);
  absl::MutexLock lock(&mutex_);
  ++registrations_;
  queue_.insert(queue_.begin(), first.begin(), first.end());
  stream_ = &stream;
  attached_ = true;
  return true;
}

void AttachClient::Write() {
  while (true) {
    v1::AttachRequest message;
    Stream* stream = nullptr;
    {
      absl::MutexLock lock(&mutex_);
      const auto ready = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return stopping_ || (attached_ && !queue_.empty());
      };
      mutex_.Await(absl::Condition(&ready));
      if (stopping_) return;
      message = std::move(queue_.front());
      queue_.pop_front();
      stream = stream_;
      writing_ = true;
    }
    // A failure shows in the reader, which ends the stream.
    stream->Write(message);
    absl::MutexLock lock(&mutex_);
    writing_ = false;
  }
}

void AttachClient::Watch() {
  absl::Time next_keep_alive = absl::InfinitePast();
  uint64_t sequence = 0;
  while (true) {
    Pause(kLook);
    const absl::Time now = clock_.Now();
    bool send = false;
    bool lost = false;
    {
      absl::MutexLock lock(&mutex_);
      if (stopping_) return;
      lost = lease_.TakeExpiry(now);
      const bool silent = now - dialled_ > options_.register_timeout || (lost && attached_);
      if (silent && context_ != nullptr) context_->TryCancel();
      send = attached_ && now >= next_keep_alive;
      if (send) next_keep_alive = now + keep_alive_interval_;
    }
    if (lost) events_->OnLeaseLost();
    if (!send) continue;
    v1::AttachRequest request;
    request.mutable_keep_alive()->set_sequence(++sequence);
    Send(std::move(request));
  }
}

}  // namespace basisbench
