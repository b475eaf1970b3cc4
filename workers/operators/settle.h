// SPDX-License-Identifier: Apache-2.0
// Where a plan waits for its device: before memory is handed to the communicator, which knows no
// device, and at its end, as the next iteration may send first thing.
#pragma once

#include "absl/status/status.h"
#include "workers/devices/device.h"

namespace basisbench {

// Waits for everything issued. A plan of one rank sends nothing and has nothing to wait for: its
// work stays in order on the device's stream, can be captured there, and whoever reads the results
// waits.
inline absl::Status Settle(Device& device, int ranks) {
  return ranks > 1 ? device.Synchronize() : absl::OkStatus();
}

}  // namespace basisbench
