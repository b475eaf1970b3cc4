// SPDX-License-Identifier: Apache-2.0
// The command line of basisbench-coordinator.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "services/base/log.h"
#include "services/base/rpc/security.h"
#include "services/base/telemetry/http_endpoint.h"

namespace basisbench {

inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

struct CoordinatorOptions {
  std::string listen = "127.0.0.1:7070";
  HttpOptions http;
  std::string store = "basisbench.db";
  absl::Duration lease = absl::Seconds(5);
  uint64_t max_cases = 10'000;
  std::string ready_file;
  LogLevel log_level = LogLevel::kInfo;
  SecurityOptions security;
};

// Nullopt when the process is to end with `exit_code`: help was printed, or the mistake was named.
std::optional<CoordinatorOptions> ParseCoordinatorOptions(int argc, char** argv, int* exit_code);

}  // namespace basisbench
