// SPDX-License-Identifier: Apache-2.0
// The daemon's command line. Pure but for the environment (BASISBENCH_*), which gives defaults.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/base/log.h"
#include "workers/daemon/worker.h"

namespace basisbench {

struct DaemonOptions {
  WorkerOptions worker;
  std::string ready_file;  // empty: none
  absl::Duration drain_timeout = absl::Seconds(60);
  LogLevel log_level = LogLevel::kInfo;
};

// Exit codes of the daemon.
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitRefused = 3;  // by the coordinator

// nullopt when there is nothing more to do (help, version, wrong usage): `exit_code` then says how
// to end. What is to be read has been printed.
std::optional<DaemonOptions> ParseDaemonOptions(int argc, char** argv, int* exit_code);

// Fills in what follows from other options: programs beside the executable, listen address, work
// directory. INVALID_ARGUMENT naming the option.
absl::Status CompleteOptions(WorkerOptions& options);

}  // namespace basisbench
