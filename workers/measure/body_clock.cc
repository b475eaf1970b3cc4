// SPDX-License-Identifier: Apache-2.0
#include "workers/measure/body_clock.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/measure/timer.h"

namespace basisbench {

HostBodyClock::HostBodyClock(Body body, Body wait, double resolution_seconds, std::string why)
    : body_(std::move(body)),
      wait_(std::move(wait)),
      resolution_seconds_(resolution_seconds),
      why_(std::move(why)) {}

BodyTime HostBodyClock::Time(int64_t batch) {
  BodyTime time;
  time.begin_ns = SteadyNanoseconds();
  for (int64_t i = 0; i < batch && time.status.ok(); ++i) time.status = body_();
  // The result is not there before the device says so; one wait ends the batch, none is between its
  // iterations.
  const absl::Status waited = wait_();
  const int64_t end = SteadyNanoseconds();
  if (time.status.ok()) time.status = waited;
  time.seconds = SecondsBetween(time.begin_ns, end);
  return time;
}

absl::Status HostBodyClock::Repeat(int64_t times) {
  for (int64_t i = 0; i < times; ++i) BB_RETURN_IF_ERROR(body_());
  return wait_();
}

std::string HostBodyClock::method() const {
  return why_.empty() ? "host clock" : absl::StrCat("host clock: ", why_);
}

}  // namespace basisbench
