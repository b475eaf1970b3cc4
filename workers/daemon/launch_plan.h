// SPDX-License-Identifier: Apache-2.0
// The file a leader writes for its launch agents, and the files in which the agents say how their
// launches ended. Tokens stand in a file of the attempt's private directory and not in the
// environment, which every rank can read.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/base/rpc/security.h"

namespace basisbench {

// Environment variable with the path of the plan.
inline constexpr char kLaunchPlanVariable[] = "BASISBENCH_LAUNCH_PLAN";

struct LaunchPeer {
  std::string host;    // what mpirun calls it
  std::string target;  // "address:port" of its LaunchService
  std::string worker;
  std::string token;
};

struct LaunchPlan {
  std::string attempt_id;
  SecurityOptions security;
  std::vector<LaunchPeer> peers;
};

absl::Status WriteLaunchPlan(const std::string& path, const LaunchPlan& plan);
// NOT_FOUND or INVALID_ARGUMENT naming the path.
absl::StatusOr<LaunchPlan> ReadLaunchPlan(const std::string& path);

// How one agent's launch ended.
struct LaunchOutcome {
  std::string host;
  std::string worker;
  bool started = false;        // orted ran
  std::string error;           // why the call failed; empty when orted ended by itself
  int exit_status = 0;         // of orted, or 128 + signal
  bool out_of_memory = false;  // that node killed a process for memory
};

// Beside the plan, one file per host. Best effort: what cannot be read is left out.
absl::Status WriteLaunchOutcome(const std::string& plan_path, const LaunchOutcome& outcome);
std::vector<LaunchOutcome> ReadLaunchOutcomes(const std::string& plan_path);

// Replaces a file as a whole, readable by its owner alone. RESOURCE_EXHAUSTED or UNAVAILABLE naming
// the path.
absl::Status WritePrivateFile(const std::string& path, const std::string& content);
absl::StatusOr<std::string> ReadWholeFile(const std::string& path);

}  // namespace basisbench
