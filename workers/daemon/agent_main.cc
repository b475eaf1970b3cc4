// SPDX-License-Identifier: Apache-2.0
// basisbench-launch-agent HOST COMMAND...: what mpirun runs where it would run ssh. Asks the worker
// daemon of HOST to start Open MPI's daemon, passes its output on and ends as it ends.
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>

#include "absl/time/clock.h"
#include "services/base/log.h"
#include "services/base/version.h"
#include "workers/daemon/agent_command.h"
#include "workers/daemon/framing.h"
#include "workers/daemon/launch_client.h"
#include "workers/daemon/launch_plan.h"

namespace basisbench {
namespace {

constexpr int kExitAgent = 255;  // as ssh does when it cannot connect
constexpr absl::Duration kWriteTimeout = absl::Seconds(10);

int Fail(absl::string_view message) {
  std::cerr << "basisbench-launch-agent: " << message << "\n";
  return kExitAgent;
}

int Main(int argc, char** argv) {
  // The launch is of no use to anybody once mpirun is gone.
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  signal(SIGPIPE, SIG_IGN);
  if (argc == 2 && std::string(argv[1]) == "--version") {
    std::cout << kVersion << "\n";
    return 0;
  }
  const char* plan_path = std::getenv(kLaunchPlanVariable);
  if (argc < 3 || plan_path == nullptr) {
    return Fail(
        "is run by mpirun for an attempt, with a host and a command, and BASISBENCH_LAUNCH_PLAN "
        "set");
  }
  SetLogLevel(LogLevel::kWarning);
  const absl::StatusOr<AgentCommand> command = ParseAgentCommand({argv + 1, argv + argc});
  if (!command.ok()) return Fail(command.status().message());
  const absl::StatusOr<LaunchPlan> plan = ReadLaunchPlan(plan_path);
  if (!plan.ok()) return Fail(plan.status().message());
  const LaunchOutcome outcome =
      LaunchOnPeer(*plan, *command, [](bool is_stderr, absl::string_view bytes) {
        (void)WriteAll(is_stderr ? STDERR_FILENO : STDOUT_FILENO, bytes,
                       absl::Now() + kWriteTimeout);
      });
  const absl::Status written = WriteLaunchOutcome(plan_path, outcome);
  if (!written.ok()) std::cerr << "basisbench-launch-agent: " << written.message() << "\n";
  if (!outcome.error.empty()) return Fail("worker " + outcome.worker + ": " + outcome.error);
  return outcome.exit_status;
}

}  // namespace
}  // namespace basisbench

int main(int argc, char** argv) { return basisbench::Main(argc, argv); }
