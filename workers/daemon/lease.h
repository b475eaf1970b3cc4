// SPDX-License-Identifier: Apache-2.0
// When is the other side given up? Pure: time is an argument. Not thread-safe; owned by the attach
// client.
#pragma once

#include <algorithm>

#include "absl/time/time.h"

namespace basisbench {

// Runs out when nothing has been heard for its duration. Without a grant there is none to run out.
class Lease {
 public:
  void Grant(absl::Duration duration, absl::Time now) {
    duration_ = duration;
    last_heard_ = now;
    held_ = true;
  }
  void Heard(absl::Time now) { last_heard_ = std::max(last_heard_, now); }

  // True exactly once per grant, at the first look after it has run out.
  bool TakeExpiry(absl::Time now) {
    if (!held_ || now - last_heard_ <= duration_) return false;
    held_ = false;
    return true;
  }
  bool held() const { return held_; }
  absl::Duration duration() const { return duration_; }
  // Silence so far.
  absl::Duration Silence(absl::Time now) const { return now - last_heard_; }

 private:
  bool held_ = false;
  absl::Duration duration_ = absl::InfiniteDuration();
  absl::Time last_heard_ = absl::InfinitePast();
};

// Pauses between attempts to connect: doubling to a cap, each shortened by up to a third at random
// so that a thousand daemons do not return to a restarted coordinator in the same instant.
class Backoff {
 public:
  Backoff(absl::Duration first, absl::Duration cap) : first_(first), cap_(cap), next_(first) {}

  // `random` in [0, 1).
  absl::Duration Next(double random) {
    const absl::Duration pause = next_ * (1.0 - random / 3.0);
    next_ = std::min(next_ * 2, cap_);
    return pause;
  }
  void Reset() { next_ = first_; }

 private:
  const absl::Duration first_;
  const absl::Duration cap_;
  absl::Duration next_;
};

}  // namespace basisbench
