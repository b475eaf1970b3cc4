// SPDX-License-Identifier: Apache-2.0
// One WatchJob call: sends the history of a job from a sequence number on, then what happens, until
// the job has ended or the client goes. Holds one event at a time: a slow client is served from the
// store when it reads on. Deletes itself when gRPC is done with the call; store and hub outlive it.
#pragma once

#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "basisbench/v1/job.grpc.pb.h"
#include "grpcpp/grpcpp.h"
#include "services/coordinator/event_cursor.h"
#include "services/coordinator/store.h"
#include "services/coordinator/watch_hub.h"

namespace basisbench {

class WatchStream : public grpc::ServerWriteReactor<v1::WatchJobResponse> {
 public:
  static WatchStream* Start(Store& store, WatchHub& hub, const v1::WatchJobRequest& request);

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override { delete this; }

 private:
  WatchStream(Store& store, WatchHub& hub, const v1::WatchJobRequest& request)
      : cursor_(store, hub, request.job_id(), request.after_sequence()) {}

  void Woken(WatchSignal signal);
  void Next() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void End(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Mutex mutex_;
  EventCursor cursor_ ABSL_GUARDED_BY(mutex_);
  v1::WatchJobResponse outgoing_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool heartbeat_due_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  // Last: the hub calls until it is gone.
  WatchHub::Handle handle_;
};

}  // namespace basisbench
