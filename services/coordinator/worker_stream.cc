// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/worker_stream.h"

#include <utility>

#include "absl/time/clock.h"
#include "services/base/rpc/rpc_status.h"

namespace basisbench {
namespace {

constexpr size_t kMaxOutgoing = 10'000;
constexpr int64_t kMaxOutgoingBytes = 64 << 20;
constexpr int64_t kMaxUnsettledBytes = 64 << 20;

}  // namespace

WorkerStream* WorkerStream::Start(AttemptDirector& director, grpc::CallbackServerContext& context,
                                  absl::Duration register_within) {
  std::shared_ptr<WorkerStream> stream(new WorkerStream(director, context));
  stream->self_ = stream;
  {
    absl::MutexLock lock(&stream->mutex_);
    stream->registration_deadline_.Set(
        absl::ToChronoTime(absl::Now() + register_within),
        [weak = std::weak_ptr<WorkerStream>(stream)](bool expired) {
          const std::shared_ptr<WorkerStream> alive = weak.lock();
          if (expired && alive != nullptr)
            alive->Close(absl::DeadlineExceededError("register: was not sent in time"));
        });
  }
  stream->StartRead(&stream->incoming_);
  return stream.get();
}

void WorkerStream::Send(v1::AttachResponse message) {
  absl::MutexLock lock(&mutex_);
  if (finished_ || closing_.has_value()) return;
  if (outgoing_.size() >= kMaxOutgoing || outgoing_bytes_ > kMaxOutgoingBytes) {
    // It does not read, so it would not read a status either.
    context_.TryCancel();
    return;
  }
  outgoing_bytes_ += static_cast<int64_t>(message.ByteSizeLong());
  outgoing_.push_back(std::move(message));
  if (!writing_) WriteNext();
}

void WorkerStream::Close(const absl::Status& status) {
  absl::MutexLock lock(&mutex_);
  if (finished_ || closing_.has_value()) return;
  closing_ = ToGrpc(status);
  if (!writing_) WriteNext();
}

void WorkerStream::WriteNext() {
  if (finished_) return;
  writing_ = !outgoing_.empty();
  if (writing_) {
    StartWrite(&outgoing_.front());
  } else if (closing_.has_value()) {
    finished_ = true;
    Finish(*closing_);
  }
}

void WorkerStream::OnWriteDone(bool ok) {
  absl::MutexLock lock(&mutex_);
  outgoing_bytes_ -= static_cast<int64_t>(outgoing_.front().ByteSizeLong());
  outgoing_.pop_front();
  if (!ok) outgoing_.clear();
  if (outgoing_.empty()) outgoing_bytes_ = 0;
  WriteNext();
}

void WorkerStream::OnReadDone(bool ok) {
  if (!ok) {
    // The daemon closed its half, or the connection broke.
    Detach();
    Close(absl::OkStatus());
    return;
  }
  if (worker_.empty()) {
    Register();
    return;
  }
  const int64_t bytes = static_cast<int64_t>(incoming_.ByteSizeLong());
  {
    absl::MutexLock lock(&mutex_);
    unsettled_bytes_ += bytes;
  }
  director_.Receive(worker_, this, incoming_,
                    [self = shared_from_this(), bytes] { self->Handled(bytes); });
  {
    // Not before: a record that settles meanwhile must not have the next one read into this one.
    absl::MutexLock lock(&mutex_);
    reading_ = false;
  }
  ReadAgain();
}

void WorkerStream::Register() {
  registration_deadline_.Cancel();
  absl::Status status = absl::InvalidArgumentError("register: must be the first message");
  if (incoming_.has_register_()) {
    status = director_.Attach(shared_from_this(), incoming_.register_());
    if (status.ok()) worker_ = incoming_.register_().worker();
  }
  if (!status.ok()) return Close(status);
  absl::MutexLock lock(&mutex_);
  if (!finished_) StartRead(&incoming_);
}

void WorkerStream::Detach() {
  if (worker_.empty() || detached_) return;
  detached_ = true;
  director_.Detach(worker_, this);
}

void WorkerStream::Handled(int64_t bytes) {
  {
    absl::MutexLock lock(&mutex_);
    unsettled_bytes_ -= bytes;
  }
  ReadAgain();
}

void WorkerStream::ReadAgain() {
  absl::MutexLock lock(&mutex_);
  if (reading_ || finished_ || unsettled_bytes_ > kMaxUnsettledBytes) return;
  reading_ = true;
  // Under the lock: once Finish was called, nothing may be started any more.
  StartRead(&incoming_);
}

void WorkerStream::OnCancel() {
  // While reads are paused nothing else would notice.
  Close(absl::CancelledError("the call was cancelled"));
}

void WorkerStream::OnDone() {
  registration_deadline_.Cancel();
  Detach();
  {
    // The last one to let go of it comes after everything done under the lock.
    absl::MutexLock lock(&mutex_);
    finished_ = true;
  }
  self_.reset();
}

}  // namespace basisbench
