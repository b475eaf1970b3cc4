// SPDX-License-Identifier: Apache-2.0
// Finds and kills every process that descends from something the daemon started, even those that
// left their parent, process group or session. Works from /proc: a process belongs to a tag when it
// descends from this process and carries the tag in its environment, or descends from one that
// does. Any thread.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace basisbench {

class Reaper;

// Name of the environment variable that marks what was started together.
inline constexpr char kProcessTagVariable[] = "BASISBENCH_PROCESS_TAG";

struct ProcessInfo {
  pid_t pid = 0;
  pid_t parent = 0;
  char state = '?';  // as in /proc/PID/stat; 'Z' has ended but was not collected
};

// All processes visible here.
std::vector<ProcessInfo> ListProcesses();

// Living descendants of this process that belong to `tag`.
std::vector<pid_t> ProcessesOfTag(const std::string& tag);

struct KillOptions {
  pid_t root = -1;  // asked first, with SIGTERM; -1 when there is none
  absl::Duration grace = absl::Seconds(2);
  absl::Duration limit = absl::Seconds(15);
};

// Returns when no process of `tag` lives. SIGTERM to the root, after the grace SIGKILL to all.
// INTERNAL naming the processes that even SIGKILL did not end within the limit.
absl::Status KillProcessesOfTag(Reaper& reaper, const std::string& tag, const KillOptions& options);

}  // namespace basisbench
