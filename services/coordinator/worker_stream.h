// SPDX-License-Identifier: Apache-2.0
// The coordinator's end of one daemon's Attach call: reads its messages into the director, writes
// what the director queues. Reads stop while what was read and is not yet durable exceeds a bound,
// so that a daemon cannot fill the coordinator's memory while the disk is slow.
//
// Lives until gRPC is done with the call and the director has let go of it. gRPC calls it from any
// thread; Send and Close may be called from any thread, also while the director's mutex is held.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "basisbench/v1/worker.grpc.pb.h"
#include "grpcpp/alarm.h"
#include "grpcpp/grpcpp.h"
#include "services/coordinator/attempt_director.h"
#include "services/coordinator/worker_link.h"

namespace basisbench {

class WorkerStream : public WorkerLink,
                     public grpc::ServerBidiReactor<v1::AttachRequest, v1::AttachResponse>,
                     public std::enable_shared_from_this<WorkerStream> {
 public:
  // Begins to read. The call is cut off unless it registers in time. `context` and `director`
  // outlive the call.
  static WorkerStream* Start(AttemptDirector& director, grpc::CallbackServerContext& context,
                             absl::Duration register_within);

  void Send(v1::AttachResponse message) override;
  void Close(const absl::Status& status) override;

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  WorkerStream(AttemptDirector& director, grpc::CallbackServerContext& context)
      : director_(director), context_(context) {}

  void Register();
  void Detach();
  void Handled(int64_t bytes);
  void ReadAgain();
  void WriteNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  AttemptDirector& director_;
  grpc::CallbackServerContext& context_;
  std::shared_ptr<WorkerStream> self_;  // until OnDone

  // Touched by one reading callback after the other.
  v1::AttachRequest incoming_;
  std::string worker_;  // empty before it is registered
  bool detached_ = false;

  absl::Mutex mutex_;
  grpc::Alarm registration_deadline_;
  bool reading_ ABSL_GUARDED_BY(mutex_) = true;  // or what was read is being looked at
  int64_t unsettled_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<v1::AttachResponse> outgoing_ ABSL_GUARDED_BY(mutex_);  // front is being written
  int64_t outgoing_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<grpc::Status> closing_ ABSL_GUARDED_BY(mutex_);
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace basisbench
