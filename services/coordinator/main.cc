// SPDX-License-Identifier: Apache-2.0
// basisbench-coordinator: one per installation.
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <optional>

#include "absl/strings/str_cat.h"
#include "services/base/log.h"
#include "services/base/version.h"
#include "services/coordinator/coordinator.h"
#include "services/coordinator/options.h"
#include "services/coordinator/web/web_server.h"

namespace basisbench {
namespace {

// Signals are taken with sigwait by the main thread alone.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signals;
}

// Written aside and renamed, so that nobody reads half of it.
absl::Status WriteReadyFile(const CoordinatorOptions& options, int grpc_port, int http_port) {
  if (options.ready_file.empty()) return absl::OkStatus();
  const std::string host = options.listen.substr(0, options.listen.rfind(':'));
  const std::string part = absl::StrCat(options.ready_file, ".part");
  std::ofstream file(part, std::ios::trunc);
  file << "{\"grpc\":\"" << host << ":" << grpc_port << "\",\"http\":\"" << options.http.address
       << ":" << http_port << "\",\"grpc_port\":" << grpc_port << ",\"http_port\":" << http_port
       << ",\"pid\":" << ::getpid() << "}\n";
  file.close();
  if (file.fail() || std::rename(part.c_str(), options.ready_file.c_str()) != 0)
    return absl::UnavailableError(absl::StrCat("--ready-file: cannot write ", options.ready_file));
  return absl::OkStatus();
}

int Fail(const absl::Status& status) {
  Log(LogLevel::kError, "main", "cannot start", {{"error", status.message()}});
  return status.code() == absl::StatusCode::kInvalidArgument ? kExitUsage : kExitFailed;
}

int Main(int argc, char** argv) {
  int exit_code = 0;
  const std::optional<CoordinatorOptions> options = ParseCoordinatorOptions(argc, argv, &exit_code);
  if (!options) return exit_code;
  SetLogLevel(options->log_level);
  const sigset_t signals = BlockSignals();
  absl::StatusOr<std::unique_ptr<Coordinator>> coordinator = Coordinator::Start(*options);
  if (!coordinator.ok()) return Fail(coordinator.status());
  absl::StatusOr<std::unique_ptr<WebServer>> web =
      StartWeb((*coordinator)->directory(), (*coordinator)->metrics(), options->http);
  if (!web.ok()) return Fail(web.status());
  const int grpc_port = (*coordinator)->grpc_port();
  if (const absl::Status written = WriteReadyFile(*options, grpc_port, (*web)->port());
      !written.ok())
    return Fail(written);
  Log(LogLevel::kInfo, "main", "coordinator serves",
      {{"version", kVersion},
       {"grpc_port", grpc_port},
       {"page", absl::StrCat("http://", options->http.address, ":", (*web)->port(), "/")},
       {"store", options->store}});
  int signal = 0;
  sigwait(&signals, &signal);
  Log(LogLevel::kInfo, "main", "stopping", {{"signal", signal}});
  if (!options->ready_file.empty()) ::unlink(options->ready_file.c_str());
  (*coordinator)->Announce();
  (*web)->Stop();
  return 0;
}

}  // namespace
}  // namespace basisbench

int main(int argc, char** argv) { return basisbench::Main(argc, argv); }
