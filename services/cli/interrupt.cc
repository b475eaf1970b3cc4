// SPDX-License-Identifier: Apache-2.0
#include "services/cli/interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <thread>
#include <utility>

#include "services/cli/exit_code.h"

namespace basisbench {

Interrupt::Handler::Handler(Interrupt& interrupt, std::function<void()> action)
    : interrupt_(interrupt) {
  absl::MutexLock lock(&interrupt_.mutex_);
  outer_ = std::exchange(interrupt_.action_, std::move(action));
}

Interrupt::Handler::~Handler() {
  absl::MutexLock lock(&interrupt_.mutex_);
  interrupt_.action_ = std::move(outer_);
}

bool Interrupt::Request() {
  // The action runs under the lock, so that a handler cannot be destroyed under it; actions only
  // set things off.
  absl::MutexLock lock(&mutex_);
  const bool first = !requested_;
  requested_ = true;
  if (!action_ || !first) return false;
  action_();
  return true;
}

bool Interrupt::requested() const {
  absl::MutexLock lock(&mutex_);
  return requested_;
}

bool Interrupt::WaitFor(absl::Duration timeout) const {
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(&requested_), timeout);
  return requested_;
}

void ServeSignals(Interrupt* interrupt) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread([interrupt, signals] {
    int signal = 0;
    while (sigwait(&signals, &signal) == 0) {
      if (!interrupt->Request()) _exit(kExitInterrupted);
    }
  }).detach();
}

}  // namespace basisbench
