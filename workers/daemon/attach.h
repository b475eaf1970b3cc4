// SPDX-License-Identifier: Apache-2.0
// The daemon's end of the stream to the coordinator: dials, registers, keeps the lease in both
// directions, and dials again with growing pauses when the stream breaks. Owned by the worker;
// three threads of its own (dial and read, write, watch the clock). Callbacks come from these
// threads and must not block for long.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "basisbench/v1/worker.grpc.pb.h"
#include "services/base/clock.h"
#include "workers/daemon/lease.h"

namespace basisbench {

class AttachEvents {
 public:
  virtual ~AttachEvents() = default;
  // The registration as of now.
  virtual v1::Register MakeRegistration() = 0;
  // Accepted. What this returns is sent before anything else.
  virtual std::vector<v1::AttachRequest> OnRegistered(const v1::Registered& registered) = 0;
  virtual void OnMessage(const v1::AttachResponse& message) = 0;
  // Nothing has been heard for the lease's duration.
  virtual void OnLeaseLost() = 0;
  // The registration was refused for good: INVALID_ARGUMENT, UNAUTHENTICATED, PERMISSION_DENIED.
  virtual void OnRefused(const absl::Status& status) = 0;
};

struct AttachOptions {
  std::function<absl::StatusOr<std::shared_ptr<grpc::Channel>>()> dial;
  absl::Duration register_timeout = absl::Seconds(10);
  absl::Duration first_pause = absl::Milliseconds(100);
  absl::Duration longest_pause = absl::Seconds(3);
};

class AttachClient {
 public:
  // `events` and `clock` outlive the client. Begins to dial.
  AttachClient(AttachOptions options, const Clock& clock, AttachEvents* events);
  ~AttachClient();

  // Ends the stream and waits for the threads; no callback comes afterwards. Not from a callback.
  // Idempotent.
  void Stop();

  // Sends in order once registered. False, and nothing is sent, while there is no stream.
  bool Send(v1::AttachRequest message);
  bool attached() const;
  // When the coordinator was last heard; InfinitePast before the first time.
  absl::Time last_heard() const;
  // Times the stream was opened anew after the first registration.
  uint64_t reconnects() const;
  // Returns when everything sent so far has been handed to the stream, or at the deadline.
  void Flush(absl::Time deadline);

 private:
  using Stream = grpc::ClientReaderWriter<v1::AttachRequest, v1::AttachResponse>;

  void Dial();
  grpc::Status RunStream();
  bool Register(Stream& stream);
  void Write();
  void Watch();
  void Pause(absl::Duration duration);
  void Hear();

  const AttachOptions options_;
  const Clock& clock_;
  AttachEvents* const events_;

  mutable absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool attached_ ABSL_GUARDED_BY(mutex_) = false;
  // From before the unacknowledged messages are listed, so that what comes meanwhile is queued and
  // not lost.
  bool accepting_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;  // the writer is inside Write
  Lease lease_ ABSL_GUARDED_BY(mutex_);
  absl::Time last_heard_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  absl::Time dialled_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  absl::Duration keep_alive_interval_ ABSL_GUARDED_BY(mutex_) = absl::Seconds(1);
  uint64_t registrations_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<v1::AttachRequest> queue_ ABSL_GUARDED_BY(mutex_);
  Stream* stream_ ABSL_GUARDED_BY(mutex_) = nullptr;                // valid while attached
  grpc::ClientContext* context_ ABSL_GUARDED_BY(mutex_) = nullptr;  // valid while a call is open

  std::jthread dialler_;
  std::jthread writer_;
  std::jthread watcher_;
};

}  // namespace basisbench
