// SPDX-License-Identifier: Apache-2.0
// Starts the daemon's children and collects every one that ends, including descendants the daemon
// inherits because it is their subreaper. One per process, owned by main (or a test), outliving
// every child. Thread-safe. All children are forked by one thread that lives as long as the Reaper:
// the kernel ties the parent-death signal to the forking thread.
#pragma once

#include <sys/types.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "workers/daemon/unique_fd.h"

namespace basisbench {

struct SpawnOptions {
  std::vector<std::string> argv;         // argv[0] is looked up in PATH when it has no slash
  std::vector<std::string> environment;  // "NAME=value"
  std::string guard;            // path of basisbench-guard; empty starts the program without it
  bool pipe_stdin = false;      // otherwise /dev/null
  bool inherit_stderr = false;  // otherwise a pipe
};

struct Child {
  pid_t pid = -1;
  UniqueFd input;   // valid with pipe_stdin
  UniqueFd output;  // standard output, non-blocking
  UniqueFd error;   // standard error, non-blocking; invalid with inherit_stderr
  UniqueFd ended;   // becomes readable when the child ends
};

class Reaper {
 public:
  // Makes this process the subreaper of its descendants.
  Reaper();
  ~Reaper();

  // In a session of its own, with default signal handling. NOT_FOUND or UNAVAILABLE naming the
  // program.
  absl::StatusOr<Child> Spawn(const SpawnOptions& options);

  // The wait status of a child that Spawn returned, collected once; nullopt when it still runs at
  // `deadline`.
  std::optional<int> Wait(pid_t pid, absl::Time deadline);

  // Collects inherited children that have ended. Also done every half second.
  void ReapOrphans();

 private:
  void Run();
  absl::StatusOr<Child> SpawnHere(const SpawnOptions& options);

  absl::Mutex mutex_;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  std::set<pid_t> own_ ABSL_GUARDED_BY(mutex_);  // children whose status Wait is to deliver
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::jthread thread_;
};

// "exit status 1", "signal 9 (Killed)".
std::string DescribeWaitStatus(int wait_status);
// Exit status, or 128 + signal.
int ShellStatus(int wait_status);

}  // namespace basisbench
