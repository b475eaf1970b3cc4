// SPDX-License-Identifier: Apache-2.0
// Runs Open MPI's daemon on this node for a peer's mpirun until it ends or the call is given up; no
// process of it is left afterwards. Blocks the calling thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "basisbench/v1/worker.pb.h"
#include "workers/daemon/mpirun_command.h"

namespace basisbench {

class Reaper;

struct OrtedRun {
  std::vector<std::string> arguments;  // the first is "orted"
  NodeEnvironment node;
  std::function<bool()> given_up;                         // looked at several times a second
  std::function<bool(const v1::LaunchResponse&)> report;  // false when nobody listens any more
};

// INVALID_ARGUMENT for another program; ABORTED when it was given up; INTERNAL when something
// survived being killed.
absl::Status RunOrted(Reaper& reaper, const OrtedRun& run);

}  // namespace basisbench
