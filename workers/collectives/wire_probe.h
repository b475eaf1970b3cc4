// SPDX-License-Identifier: Apache-2.0
// What the wire between neighbouring ranks gives, measured: the roofs that communication is held
// against, taken in the same run as the results. Its messages count as traffic of the communicator.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "workers/collectives/communicator.h"
#include "workers/devices/device.h"

namespace basisbench {

struct WireProbeOptions {
  absl::Duration budget = absl::Milliseconds(400);  // wall time, all of it, about
  int64_t message_bytes = int64_t{4} << 20;         // of the bandwidth measurement
  Device* device = nullptr;                         // holds the messages; null: the host
};

// Of the slowest pair of neighbours on the ring; the same on every rank.
struct WireProbe {
  double latency_seconds = 0;             // half a round trip of 8 bytes, median
  double bandwidth_bytes_per_second = 0;  // one way, median over bursts of messages
};

// Collective. With one rank both figures are 0: there is no wire. Pairs (0,1), (2,3), ... measure
// at once, then (1,2), (3,4), ..., as the steps of a ring collective do.
absl::StatusOr<WireProbe> ProbeWire(Communicator& communicator,
                                    const WireProbeOptions& options = {});

}  // namespace basisbench
