// SPDX-License-Identifier: Apache-2.0
#include "workers/runner/timed_body.h"

#include <string>
#include <utility>

#include "services/base/status_macros.h"
#include "workers/measure/event_body_clock.h"

namespace basisbench {
namespace {

double OffsetOf(const RunContext& context) {
  const auto rank = static_cast<size_t>(context.world.rank());
  return rank < context.clock_offsets.size() ? context.clock_offsets[rank] : 0;
}

absl::Status EmptyCaches(RunContext& context) {
  if (context.gpu != nullptr) {
    GpuMeasuring& gpu = *context.gpu;
    if (!gpu.flusher) {
      BB_ASSIGN_OR_RETURN(gpu.flusher, DeviceCacheFlusher::Make(context.device, gpu.cache_bytes));
    }
    return gpu.flusher->Flush();
  }
  if (!context.flusher) context.flusher = std::make_unique<CacheFlusher>(LastLevelCacheBytes());
  context.flusher->Flush();
  return absl::OkStatus();
}

}  // namespace

std::unique_ptr<BodyClock> MakeHostClock(RunContext& context, Body body) {
  std::string why;
  if (context.gpu != nullptr && context.world.size() > 1) {
    why = "several ranks wait for each other and for the GPU on the way";
  }
  return std::make_unique<HostBodyClock>(
      std::move(body), [&context] { return context.device.Synchronize(); },
      context.timer.resolution_seconds, std::move(why));
}

std::unique_ptr<BodyClock> MakeBodyClock(RunContext& context, Body body) {
  if (context.gpu == nullptr || context.world.size() > 1) {
    return MakeHostClock(context, std::move(body));
  }
  return std::make_unique<EventBodyClock>(*context.gpu->stream, std::move(body),
                                          context.timer.resolution_seconds);
}

absl::StatusOr<TimedBody> TimeBody(RunContext& context, BodyClock& clock, bool cold,
                                   int64_t batch) {
  TimedBody timed;
  timed.status = clock.Prepare(batch);
  if (cold && timed.status.ok()) timed.status = EmptyCaches(context);
  const TrafficTable before = context.movement().traffic();
  BB_RETURN_IF_ERROR(context.world.Barrier());
  if (!timed.status.ok()) return timed;
  const BodyTime time = clock.Time(batch);
  timed.status = time.status;
  timed.seconds = time.seconds / static_cast<double>(batch);
  timed.start = 1e-9 * static_cast<double>(time.begin_ns) - OffsetOf(context);
  timed.traffic = Difference(context.movement().traffic(), before);
  return timed;
}

}  // namespace basisbench
