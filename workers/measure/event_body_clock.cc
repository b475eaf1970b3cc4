// SPDX-License-Identifier: Apache-2.0
#include "workers/measure/event_body_clock.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/measure/timer.h"

namespace basisbench {
namespace {

// As documented for the time between two events.
constexpr double kEventResolutionSeconds = 0.5e-6;
constexpr int kOverheadReadings = 10;

}  // namespace

EventBodyClock::EventBodyClock(GpuStream& stream, Body body, double host_resolution_seconds,
                               Limits limits)
    : stream_(stream),
      body_(std::move(body)),
      limits_(limits),
      host_(
          body_, [&stream] { return stream.Wait(); }, host_resolution_seconds) {}

absl::Status EventBodyClock::Prepare(int64_t batch) {
  if (!settled_) BB_RETURN_IF_ERROR(Settle());
  if (way_ == Way::kHost || batch <= tried_batch_) return absl::OkStatus();
  const BodyTime trial = TimeBehindGate(batch, limits_.trial);
  if (gate_.expired()) {
    way_ = Way::kHost;
    replay_.reset();
    why_host_ = absl::StrCat("the body waits for the GPU, or ", batch,
                             " executions do not fit into its queue");
    return stream_.Wait();
  }
  BB_RETURN_IF_ERROR(trial.status);
  tried_batch_ = batch;
  return absl::OkStatus();
}

absl::Status EventBodyClock::Settle() {
  // Libraries allocate, load and choose at their first call, which cannot be recorded.
  BB_RETURN_IF_ERROR(host_.Repeat(1));
  auto replay = stream_.Capture(body_);
  if (replay.ok()) {
    way_ = Way::kReplay;
    replay_ = *std::move(replay);
  } else {
    way_ = Way::kQueue;
    why_not_replay_ = std::string(replay.status().message());
  }
  settled_ = true;
  return absl::OkStatus();
}

BodyTime EventBodyClock::Time(int64_t batch) {
  if (way_ == Way::kHost) return host_.Time(batch);
  BodyTime time = TimeBehindGate(batch, limits_.sample);
  if (time.status.ok() && gate_.expired()) {
    time.status = absl::DeadlineExceededError(
        absl::StrCat("launching ", batch, " executions took longer than ",
                     absl::FormatDuration(limits_.sample), ": the time has gaps"));
  }
  return time;
}

BodyTime EventBodyClock::TimeBehindGate(int64_t batch, absl::Duration limit) {
  BodyTime time;
  gate_.Close(limit);
  time.begin_ns = SteadyNanoseconds();
  time.status = stream_.Hold(gate_);
  if (time.status.ok()) time.status = stream_.MarkBegin();
  for (int64_t i = 0; i < batch && time.status.ok(); ++i) time.status = ExecuteOnce();
  if (time.status.ok()) time.status = stream_.MarkEnd();
  // Also after a failure: the stream may be waiting.
  gate_.Open();
  const absl::Status waited = stream_.Wait();
  if (time.status.ok()) time.status = waited;
  if (!time.status.ok()) return time;
  const auto elapsed = stream_.Elapsed();
  time.status = elapsed.status();
  if (elapsed.ok()) time.seconds = *elapsed;
  return time;
}

absl::Status EventBodyClock::Repeat(int64_t times) {
  for (int64_t i = 0; i < times; ++i) BB_RETURN_IF_ERROR(ExecuteOnce());
  return stream_.Wait();
}

std::string EventBodyClock::method() const {
  switch (way_) {
    case Way::kReplay:
      return "GPU events, graph replay";
    case Way::kQueue:
      return absl::StrCat("GPU events, queued calls: ", why_not_replay_);
    case Way::kHost:
      return why_not_replay_.empty()
                 ? absl::StrCat("host clock: ", why_host_)
                 : absl::StrCat("host clock: ", why_host_, "; no graph: ", why_not_replay_);
  }
  return "";
}

double EventBodyClock::resolution_seconds() const {
  return is_host() ? host_.resolution_seconds() : kEventResolutionSeconds;
}

absl::StatusOr<double> EventOverheadSeconds(GpuStream& stream) {
  double least = std::numeric_limits<double>::infinity();
  for (int i = 0; i < kOverheadReadings; ++i) {
    BB_RETURN_IF_ERROR(stream.MarkBegin());
    BB_RETURN_IF_ERROR(stream.MarkEnd());
    BB_RETURN_IF_ERROR(stream.Wait());
    BB_ASSIGN_OR_RETURN(const double seconds, stream.Elapsed());
    least = std::min(least, seconds);
  }
  return least;
}

}  // namespace basisbench
