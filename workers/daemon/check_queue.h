// SPDX-License-Identifier: Apache-2.0
// Answers the coordinator's CheckCases one after the other on a thread of its own, so that the
// stream is never held up by a runner that thinks. Thread-safe.
#pragma once

#include <deque>
#include <functional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "basisbench/v1/worker.pb.h"
#include "workers/daemon/checker.h"

namespace basisbench {

class CheckQueue {
 public:
  // `checker` outlives the queue; `answer` is called from the queue's thread.
  CheckQueue(Checker& checker, std::function<void(v1::AttachRequest)> answer);
  ~CheckQueue();

  // Answered with an error at once when too many wait already.
  void Add(const v1::CheckCases& check);

 private:
  void Run();

  Checker& checker_;
  const std::function<void(v1::AttachRequest)> answer_;
  absl::Mutex mutex_;
  std::deque<v1::CheckCases> queue_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::jthread thread_;
};

}  // namespace basisbench
