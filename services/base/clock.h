// SPDX-License-Identifier: Apache-2.0
// Time as a dependency, so that tests can step it.
#pragma once

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace basisbench {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
};

// The wall clock. Thread-safe.
class SystemClock : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
};

}  // namespace basisbench
