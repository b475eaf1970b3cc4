// SPDX-License-Identifier: Apache-2.0
// Holds a GPU's stream back until everything that is to be timed lies in its queue, so that the
// time of launching is not in the time of the work. The stream waits inside a host function
// (Wait), the rank's thread opens. A gate that nobody opens lets through by itself after its
// limit: a body that waits for the device before it has been let go would otherwise wait for ever.
#pragma once

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace basisbench {

class Gate {
 public:
  // The next Wait holds, for at most `limit`. By the rank's thread, while nothing waits.
  void Close(absl::Duration limit) {
    absl::MutexLock lock(&mutex_);
    open_ = expired_ = false;
    limit_ = limit;
  }
  void Open() {
    absl::MutexLock lock(&mutex_);
    open_ = true;
  }
  // By the thread that runs the stream's host functions.
  void Wait() {
    absl::MutexLock lock(&mutex_);
    if (!mutex_.AwaitWithTimeout(absl::Condition(&open_), limit_)) expired_ = true;
  }
  // The limit passed before it was opened.
  bool expired() const {
    absl::MutexLock lock(&mutex_);
    return expired_;
  }

 private:
  mutable absl::Mutex mutex_;
  bool open_ ABSL_GUARDED_BY(mutex_) = true;
  bool expired_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Duration limit_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace basisbench
