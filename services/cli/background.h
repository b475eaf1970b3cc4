// SPDX-License-Identifier: Apache-2.0
// Processes that outlive this one: start, find again, stop. One is found again by its pid, the
// moment it started and the boot it belongs to, so that a pid the kernel has since given to
// somebody else is never signalled. Functions without state; any thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace basisbench {

struct BackgroundProcess {
  pid_t pid = 0;
  uint64_t start_ticks = 0;  // since boot, as /proc tells it
  std::string boot;          // identity of the boot
};

// Starts `arguments[0]` in a session of its own, reading nothing and appending all it writes to
// `log`. Variables named BASISBENCH_* are not handed down: they are meant for this program.
// NOT_FOUND when the program cannot be executed, UNAVAILABLE when the log cannot be written.
absl::StatusOr<BackgroundProcess> StartBackground(const std::vector<std::string>& arguments,
                                                  const std::string& log);

// True while that very process runs; one that has ended but was not reaped does not count.
bool IsAlive(const BackgroundProcess& process);

// SIGTERM to all, SIGKILL to those still alive after `grace`. Returns how many had to be killed;
// DEADLINE_EXCEEDED naming a pid that is alive even then.
absl::StatusOr<int> StopAll(const std::vector<BackgroundProcess>& processes, absl::Duration grace);

absl::Status WritePidFile(const std::string& path, const BackgroundProcess& process);
// Nullopt when there is none, or it is not one of ours.
std::optional<BackgroundProcess> ReadPidFile(const std::string& path);

}  // namespace basisbench
