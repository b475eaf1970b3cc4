// SPDX-License-Identifier: Apache-2.0
// A coordinator and worker daemons of this machine as background processes. One command at a time
// works on a directory; a lock file sees to that.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/cli/interrupt.h"
#include "services/cli/local_state.h"

namespace basisbench {

struct LocalOptions {
  std::string directory;
  std::string programs;  // folder of basisbench-coordinator and basisbench-worker
  uint32_t workers = 2;
  uint32_t slots = 0;  // per worker; 0: one per CPU of its share
  int grpc_port = 0;   // 0: a free one
  int http_port = 0;
  absl::Duration wait = absl::Seconds(60);
};

struct UpReport {
  LocalState state;
  bool coordinator_started = false;
  uint32_t workers_started = 0;
};

// Starts what does not run yet and waits until every worker is attached. DEADLINE_EXCEEDED, or
// UNAVAILABLE with the end of the log when a process ended: what this call started is then stopped
// again. NOT_FOUND when a program is missing; CANCELLED when the user interrupted.
absl::StatusOr<UpReport> BringUp(const LocalOptions& options, Interrupt& interrupt);

struct DownReport {
  int stopped = 0;
  int killed = 0;  // of these, after `grace`
  int stale = 0;   // pid files of processes that were gone already
};

// Stops the workers, then the coordinator; the store and the logs stay.
absl::StatusOr<DownReport> TakeDown(const std::string& directory, absl::Duration grace);

// Fills in what the coordinator says about each worker; leaves it empty when it does not answer.
void AskCoordinator(LocalState* state, absl::Duration timeout);

// The folder of this program.
std::string ProgramFolder();

}  // namespace basisbench
