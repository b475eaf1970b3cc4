// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/orted_run.h"

#include <poll.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/base/status_macros.h"
#include "workers/daemon/memory_limit.h"
#include "workers/daemon/process_tree.h"
#include "workers/daemon/reaper.h"

namespace basisbench {
namespace {

constexpr int kLookMilliseconds = 50;
constexpr size_t kMaxArguments = 4096;

// Passes on what is there. False when nobody listens any more.
bool Relay(UniqueFd& fd, bool is_stderr, const OrtedRun& run) {
  char chunk[16384];
  while (fd.valid()) {
    const ssize_t got = ::read(fd.get(), chunk, sizeof chunk);
    if (got == 0) fd.Reset();
    if (got <= 0) return true;
    v1::LaunchResponse response;
    response.mutable_output()->set_is_stderr(is_stderr);
    response.mutable_output()->set_data(chunk, static_cast<size_t>(got));
    if (!run.report(response)) return false;
  }
  return true;
}

// Until it ends; false when it was given up before.
bool Follow(Child& child, const OrtedRun& run) {
  while (true) {
    pollfd entries[3] = {{child.output.get(), POLLIN, 0},
                         {child.error.get(), POLLIN, 0},
                         {child.ended.get(), POLLIN, 0}};
    ::poll(entries, 3, kLookMilliseconds);
    if (!Relay(child.output, false, run) || !Relay(child.error, true, run) || run.given_up())
      return false;
    if ((entries[2].revents & POLLIN) != 0) return true;
  }
}

}  // namespace

absl::Status RunOrted(Reaper& reaper, const OrtedRun& run) {
  if (run.arguments.empty() || run.arguments[0] != "orted" ||
      run.arguments.size() > kMaxArguments) {
    return absl::InvalidArgumentError(absl::StrCat(
        "only orted may be launched, not '", run.arguments.empty() ? "" : run.arguments[0], "'"));
  }
  const uint64_t kills_before = OutOfMemoryKills();
  SpawnOptions options;
  options.argv = run.arguments;
  options.environment = MakeNodeEnvironment(run.node, OwnEnvironment());
  options.guard = run.node.programs.guard;
  BB_ASSIGN_OR_RETURN(Child child, reaper.Spawn(options));
  v1::LaunchResponse response;
  response.mutable_started()->set_pid(child.pid);
  const bool ended = run.report(response) && Follow(child, run);
  KillOptions kill;
  kill.root = ended ? -1 : child.pid;
  kill.grace = absl::Seconds(1);
  const absl::Status killed = KillProcessesOfTag(reaper, run.node.process_tag, kill);
  const std::optional<int> status = reaper.Wait(child.pid, absl::Now() + absl::Seconds(5));
  BB_RETURN_IF_ERROR(killed);
  if (!ended) return absl::AbortedError("the launch was given up");
  Relay(child.output, false, run);
  Relay(child.error, true, run);
  response.mutable_exited()->set_status(ShellStatus(status.value_or(0)));
  response.mutable_exited()->set_out_of_memory(OutOfMemoryKills() > kills_before);
  run.report(response);
  return absl::OkStatus();
}

}  // namespace basisbench
