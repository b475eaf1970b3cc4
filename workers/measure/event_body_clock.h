// SPDX-License-Identifier: Apache-2.0
// The GPU's own clock: two events around the work, all of it queued behind a gate before the first
// begins. The body is replayed as a graph where it can be recorded; where it cannot, it is queued
// call by call; and a body that waits for the GPU on its way is left to the host's clock. What is
// taken is settled by the first Prepare, on trial, before any sample.
#pragma once

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "workers/measure/body_clock.h"
#include "workers/measure/gate.h"
#include "workers/measure/gpu_stream.h"

namespace basisbench {

class EventBodyClock : public BodyClock {
 public:
  // How long the stream may be held: on trial, where a body that waits for the GPU holds itself up,
  // and in a sample, which fails when a machine is so busy that launching takes longer.
  struct Limits {
    absl::Duration trial = absl::Seconds(1);
    absl::Duration sample = absl::Seconds(20);
  };

  // `stream` outlives the clock. `host_resolution_seconds` is for the case of the host's clock.
  EventBodyClock(GpuStream& stream, Body body, double host_resolution_seconds, Limits limits);
  EventBodyClock(GpuStream& stream, Body body, double host_resolution_seconds)
      : EventBodyClock(stream, std::move(body), host_resolution_seconds, Limits()) {}

  absl::Status Prepare(int64_t batch) override;
  BodyTime Time(int64_t batch) override;
  absl::Status Repeat(int64_t times) override;
  std::string method() const override;
  bool is_host() const override { return way_ == Way::kHost; }
  double resolution_seconds() const override;

 private:
  enum class Way { kReplay, kQueue, kHost };

  absl::Status Settle();
  absl::Status ExecuteOnce() { return replay_ != nullptr ? replay_->Launch() : body_(); }
  BodyTime TimeBehindGate(int64_t batch, absl::Duration limit);

  GpuStream& stream_;
  const Body body_;
  const Limits limits_;
  HostBodyClock host_;
  Gate gate_;
  Way way_ = Way::kHost;
  bool settled_ = false;
  int64_t tried_batch_ = 0;
  std::unique_ptr<Replay> replay_;
  std::string why_not_replay_, why_host_ = "not prepared";
};

// Seconds between two marks with nothing between them: the least of a few.
absl::StatusOr<double> EventOverheadSeconds(GpuStream& stream);

}  // namespace basisbench
