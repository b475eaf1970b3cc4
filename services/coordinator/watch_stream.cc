// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/watch_stream.h"

#include <utility>

#include "absl/time/clock.h"
#include "services/base/rpc/rpc_status.h"
#include "services/coordinator/store_rows.h"

namespace basisbench {

WatchStream* WatchStream::Start(Store& store, WatchHub& hub, const v1::WatchJobRequest& request) {
  auto* stream = new WatchStream(store, hub, request);
  // Before the first look at the history, so that nothing falls in between.
  absl::StatusOr<WatchHub::Handle> handle =
      hub.Watch(request.job_id(), [stream](WatchSignal signal) { stream->Woken(signal); });
  if (handle.ok()) stream->handle_ = *std::move(handle);
  absl::MutexLock lock(&stream->mutex_);
  if (handle.ok()) {
    stream->Next();
  } else {
    stream->End(handle.status());
  }
  return stream;
}

void WatchStream::Woken(WatchSignal signal) {
  absl::MutexLock lock(&mutex_);
  if (signal == WatchSignal::kStopping)
    return End(absl::UnavailableError("the coordinator is stopping; watch again"));
  heartbeat_due_ = heartbeat_due_ || signal == WatchSignal::kHeartbeat;
  Next();
}

void WatchStream::Next() {
  // The hub may have woken it before its first look.
  if (finished_ || writing_) return;
  absl::StatusOr<std::optional<v1::WatchJobResponse>> event = cursor_.TryNext();
  if (absl::IsOutOfRange(event.status())) return End(absl::OkStatus());
  if (!event.ok()) return End(event.status());
  if (event->has_value()) {
    outgoing_ = **std::move(event);
  } else if (heartbeat_due_) {
    outgoing_.Clear();
    *outgoing_.mutable_heartbeat()->mutable_time() = TimestampFromNanos(ToNanos(absl::Now()));
  } else {
    return;
  }
  heartbeat_due_ = false;
  writing_ = true;
  StartWrite(&outgoing_);
}

void WatchStream::OnWriteDone(bool ok) {
  absl::MutexLock lock(&mutex_);
  writing_ = false;
  if (!ok) return End(absl::CancelledError("the client has gone"));
  Next();
}

void WatchStream::OnCancel() {
  absl::MutexLock lock(&mutex_);
  End(absl::CancelledError("the client has gone"));
}

void WatchStream::End(const absl::Status& status) {
  if (finished_) return;
  finished_ = true;
  Finish(ToGrpc(status));
}

}  // namespace basisbench
