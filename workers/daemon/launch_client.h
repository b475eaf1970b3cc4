// SPDX-License-Identifier: Apache-2.0
// The asking side of a launch: what the agent does between mpirun and a peer's daemon. Blocks until
// the peer's orted has ended; one thread.
#pragma once

#include <functional>
#include <string>

#include "absl/strings/string_view.h"
#include "workers/daemon/agent_command.h"
#include "workers/daemon/launch_plan.h"

namespace basisbench {

using OutputSink = std::function<void(bool is_stderr, absl::string_view bytes)>;

// Every failure is in the outcome, with the peer named by the caller's plan.
LaunchOutcome LaunchOnPeer(const LaunchPlan& plan, const AgentCommand& command,
                           const OutputSink& sink);

}  // namespace basisbench
