// SPDX-License-Identifier: Apache-2.0
#include "workers/runner/timed_body.h"

#include "services/base/status_macros.h"

namespace basisbench {
namespace {

double OffsetOf(const RunContext& context) {
  const auto rank = static_cast<size_t>(context.world.rank());
  return rank < context.clock_offsets.size() ? context.clock_offsets[rank] : 0;
}

}  // namespace

absl::StatusOr<TimedBody> TimeBody(RunContext& context, bool cold, int64_t batch,
                                   const std::function<absl::Status()>& body) {
  if (cold) {
    if (!context.flusher) {
      context.flusher = std::make_unique<CacheFlusher>(LastLevelCacheBytes());
    }
    context.flusher->Flush();
  }
  TimedBody timed;
  const TrafficTable before = context.world.traffic();
  BB_RETURN_IF_ERROR(context.world.Barrier());
  const int64_t begin = SteadyNanoseconds();
  for (int64_t i = 0; i < batch && timed.status.ok(); ++i) timed.status = body();
  // The result is not there before the device says so; one wait ends the batch, none is between its
  // iterations.
  const absl::Status synchronized = context.device.Synchronize();
  const int64_t end = SteadyNanoseconds();
  if (timed.status.ok()) timed.status = synchronized;
  timed.seconds = SecondsBetween(begin, end) / static_cast<double>(batch);
  timed.start = 1e-9 * static_cast<double>(begin) - OffsetOf(context);
  timed.traffic = Difference(context.world.traffic(), before);
  return timed;
}

}  // namespace basisbench
