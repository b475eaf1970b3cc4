// SPDX-License-Identifier: Apache-2.0
// The coordinator's end of one worker's stream, as the director sees it. Thread-safe; never blocks.
#pragma once

#include "absl/status/status.h"
#include "basisbench/v1/worker.pb.h"

namespace basisbench {

class WorkerLink {
 public:
  virtual ~WorkerLink() = default;

  // Queues a message. A worker that does not read is cut off once its queue is full; messages to a
  // closed link are dropped.
  virtual void Send(v1::AttachResponse message) = 0;

  // Ends the stream with this status after what is queued. Idempotent.
  virtual void Close(const absl::Status& status) = 0;
};

}  // namespace basisbench
