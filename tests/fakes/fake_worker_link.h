// SPDX-License-Identifier: Apache-2.0
// The coordinator's end of a worker that exists only in a test: keeps what it was sent.
// Thread-safe.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "services/coordinator/worker_link.h"

namespace basisbench {

class FakeWorkerLink : public WorkerLink {
 public:
  void Send(v1::AttachResponse message) override {
    absl::MutexLock lock(&mutex_);
    sent_.push_back(std::move(message));
  }
  void Close(const absl::Status& status) override {
    absl::MutexLock lock(&mutex_);
    if (!closed_.has_value()) closed_ = status;
  }

  std::vector<v1::AttachResponse> sent() const {
    absl::MutexLock lock(&mutex_);
    return sent_;
  }
  // What it was closed with.
  std::optional<absl::Status> closed() const {
    absl::MutexLock lock(&mutex_);
    return closed_;
  }

 private:
  mutable absl::Mutex mutex_;
  std::vector<v1::AttachResponse> sent_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Status> closed_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace basisbench
