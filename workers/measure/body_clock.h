// SPDX-License-Identifier: Apache-2.0
// Executes one body and says how long that took. A clock belongs to its body and to the rank's
// thread; the way it takes times never changes between two samples of a body.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"

namespace basisbench {

using Body = std::function<absl::Status()>;

struct BodyTime {
  absl::Status status;   // of the first execution that failed
  int64_t begin_ns = 0;  // steady clock, when the executions began
  double seconds = 0;    // of all executions together, by the clock that method() names
};

class BodyClock {
 public:
  virtual ~BodyClock() = default;

  // Whatever samples of `batch` executions need; may execute the body, outside every timed region.
  virtual absl::Status Prepare(int64_t batch) = 0;
  // Executes the body `batch` times and returns when the device is done.
  virtual BodyTime Time(int64_t batch) = 0;
  // The same executions one after the other, any number of them, untimed.
  virtual absl::Status Repeat(int64_t times) = 0;

  // For the record: what takes the time, how executions are started, and why not better.
  virtual std::string method() const = 0;
  // Whether the time is the host's, launches and waits included.
  virtual bool is_host() const = 0;
  // Smallest difference it sees (seconds).
  virtual double resolution_seconds() const = 0;
};

// The steady clock of the host: the body as often as asked, then one wait for the device.
class HostBodyClock : public BodyClock {
 public:
  // `wait` returns once everything the body issued is done; `why` goes into method().
  HostBodyClock(Body body, Body wait, double resolution_seconds, std::string why = "");

  absl::Status Prepare(int64_t) override { return absl::OkStatus(); }
  BodyTime Time(int64_t batch) override;
  absl::Status Repeat(int64_t times) override;
  std::string method() const override;
  bool is_host() const override { return true; }
  double resolution_seconds() const override { return resolution_seconds_; }

 private:
  const Body body_, wait_;
  const double resolution_seconds_;
  const std::string why_;
};

}  // namespace basisbench
