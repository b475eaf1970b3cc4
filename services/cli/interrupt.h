// SPDX-License-Identifier: Apache-2.0
// Ctrl-C as an event. One object per process, made by main before any other thread; thread-safe.
#pragma once

#include <functional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace basisbench {

class Interrupt {
 public:
  // While alive, the first interrupt calls `action` (on the signal thread) instead of ending the
  // process. Handlers nest: the innermost acts.
  class Handler {
   public:
    Handler(Interrupt& interrupt, std::function<void()> action);
    ~Handler();
    Handler(const Handler&) = delete;
    Handler& operator=(const Handler&) = delete;

   private:
    Interrupt& interrupt_;
    std::function<void()> outer_;
  };

  // What a signal does. False when no handler is installed or it has been asked before: the caller
  // is to exit.
  bool Request();
  bool requested() const;
  // Sleeps until interrupted or `timeout` has passed. True when interrupted.
  bool WaitFor(absl::Duration timeout) const;

 private:
  mutable absl::Mutex mutex_;
  bool requested_ ABSL_GUARDED_BY(mutex_) = false;
  std::function<void()> action_ ABSL_GUARDED_BY(mutex_);
};

// Blocks SIGINT and SIGTERM in the calling thread (and those it will start) and serves them on a
// thread of its own, for the rest of the process.
void ServeSignals(Interrupt* interrupt);

}  // namespace basisbench
