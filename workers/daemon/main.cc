// SPDX-License-Identifier: Apache-2.0
// basisbench-worker: one per node.
#include <signal.h>
#include <unistd.h>

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/base/log.h"
#include "services/base/version.h"
#include "workers/daemon/launch_plan.h"
#include "workers/daemon/options.h"
#include "workers/daemon/worker.h"

namespace basisbench {
namespace {

constexpr absl::Duration kLook = absl::Milliseconds(20);

// Signals are taken with sigtimedwait by the main thread alone.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signals;
}

bool SignalWithin(const sigset_t& signals, absl::Duration patience) {
  const timespec timeout = absl::ToTimespec(patience);
  return sigtimedwait(&signals, nullptr, &timeout) > 0;
}

void WriteReadyFile(const DaemonOptions& options, const Worker& worker) {
  if (options.ready_file.empty()) return;
  const absl::Status written =
      WritePrivateFile(options.ready_file, absl::StrCat("{\"launch_port\":", worker.launch_port(),
                                                        ",\"http_port\":", worker.http_port(),
                                                        ",\"pid\":", ::getpid(), "}\n"));
  if (!written.ok()) Log(LogLevel::kWarning, "main", written.message());
}

// Until a signal or a refusal. The exit code.
int Serve(const DaemonOptions& options, const Worker& worker, const sigset_t& signals) {
  bool attached = false;
  while (!SignalWithin(signals, kLook)) {
    if (const absl::Status refusal = worker.refusal(); !refusal.ok()) {
      Log(LogLevel::kError, "main", "the coordinator refuses this worker",
          {{"error", std::string(refusal.message())}});
      return kExitRefused;
    }
    if (attached || !worker.Ready().ok()) continue;
    attached = true;
    WriteReadyFile(options, worker);
  }
  return 0;
}

void Leave(const DaemonOptions& options, Worker& worker, const sigset_t& signals) {
  Log(LogLevel::kInfo, "main", "draining",
      {{"timeout", absl::FormatDuration(options.drain_timeout)}});
  worker.Drain();
  const absl::Time deadline = absl::Now() + options.drain_timeout;
  while (!worker.idle() && absl::Now() < deadline && !SignalWithin(signals, kLook)) continue;
  worker.AbortAll(absl::StrCat("worker ", options.worker.name, " is leaving"));
  const absl::Time killed = absl::Now() + absl::Seconds(20);
  while (!worker.idle() && absl::Now() < killed) absl::SleepFor(kLook);
  worker.Flush(absl::Seconds(2));
}

int Main(int argc, char** argv) {
  int exit_code = 0;
  const std::optional<DaemonOptions> options = ParseDaemonOptions(argc, argv, &exit_code);
  if (!options) return exit_code;
  SetLogLevel(options->log_level);
  const sigset_t signals = BlockSignals();
  absl::StatusOr<std::unique_ptr<Worker>> worker = Worker::Start(options->worker);
  if (!worker.ok()) {
    Log(LogLevel::kError, "main", "cannot start",
        {{"error", std::string(worker.status().message())}});
    return worker.status().code() == absl::StatusCode::kInvalidArgument ? kExitUsage : kExitFailed;
  }
  Log(LogLevel::kInfo, "main", "worker started",
      {{"name", options->worker.name},
       {"version", kVersion},
       {"launch_port", (*worker)->launch_port()},
       {"http_port", (*worker)->http_port()}});
  exit_code = Serve(*options, **worker, signals);
  if (exit_code == 0) Leave(*options, **worker, signals);
  if (!options->ready_file.empty()) ::unlink(options->ready_file.c_str());
  return exit_code;
}

}  // namespace
}  // namespace basisbench

int main(int argc, char** argv) { return basisbench::Main(argc, argv); }
