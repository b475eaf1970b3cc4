// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/options.h"

#include <iostream>

#include "CLI/CLI.hpp"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/base/flags/daemon_flags.h"
#include "services/base/rpc/address.h"
#include "services/base/version.h"

namespace basisbench {
namespace {

constexpr char kFooter[] =
    "Every option can also be given as an environment variable: --ready-file as "
    "BASISBENCH_READY_FILE.\n\n"
    "Examples:\n"
    "  basisbench-coordinator --store /var/lib/basisbench/store.db\n"
    "  basisbench-coordinator --listen 0.0.0.0:7070 --http 0.0.0.0:7071 --store store.db \\\n"
    "      --tls-cert coordinator.pem --tls-key coordinator.key --token-file token\n\n"
    "SIGTERM ends it within seconds; jobs go on when it is started again on the same store.\n"
    "Exit codes: 0 ended on request, 1 failed, 2 wrong usage.";

// The cases of a job travel in one message, which is bounded.
constexpr int kMostCases = 10'000;

// What CLI11 cannot hold in its final type.
struct RawOptions {
  std::string http = "127.0.0.1:7071";
  double lease_seconds = 5;
};

void AddOptions(CLI::App& app, CoordinatorOptions& options, RawOptions& raw) {
  app.add_option("--listen", options.listen, "gRPC, host:port; port 0 takes a free one")
      ->capture_default_str()
      ->envname("BASISBENCH_LISTEN");
  app.add_option("--http", raw.http, "page, metrics and health, host:port")
      ->capture_default_str()
      ->envname("BASISBENCH_HTTP");
  app.add_option("--store", options.store, "file that holds jobs and results")
      ->capture_default_str()
      ->envname("BASISBENCH_STORE");
  app.add_option("--lease", raw.lease_seconds,
                 "seconds of silence after which a worker is given up")
      ->check(CLI::Range(0.5, 3600.0))
      ->capture_default_str()
      ->envname("BASISBENCH_LEASE");
  app.add_option("--max-cases", options.max_cases, "largest sweep one job may expand to")
      ->check(CLI::Range(1, kMostCases))
      ->capture_default_str()
      ->envname("BASISBENCH_MAX_CASES");
  app.add_option("--max-event-streams", options.http.max_event_streams,
                 "pages that may follow a job live at once")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str()
      ->envname("BASISBENCH_MAX_EVENT_STREAMS");
  app.add_option("--ready-file", options.ready_file, "written with the ports once it serves")
      ->envname("BASISBENCH_READY_FILE");
  AddLogLevelFlag(app, options.log_level);
  AddSecurityFlags(app, options.security);
}

absl::Status Complete(const RawOptions& raw, CoordinatorOptions& options) {
  options.lease = absl::Seconds(raw.lease_seconds);
  if (const absl::Status listen = CheckTarget(options.listen); !listen.ok())
    return absl::InvalidArgumentError(absl::StrCat("--listen: ", listen.message()));
  const size_t colon = raw.http.rfind(':');
  if (const absl::Status http = CheckTarget(raw.http);
      !http.ok() || colon == std::string::npos ||
      !absl::SimpleAtoi(raw.http.substr(colon + 1), &options.http.port)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--http: '", raw.http, "' is not host:port, e.g. 127.0.0.1:7071"));
  }
  options.http.address = raw.http.substr(0, colon);
  if (options.store.empty()) return absl::InvalidArgumentError("--store: is empty");
  return absl::OkStatus();
}

}  // namespace

std::optional<CoordinatorOptions> ParseCoordinatorOptions(int argc, char** argv, int* exit_code) {
  CoordinatorOptions options;
  RawOptions raw;
  CLI::App app("Basisbench coordinator: takes jobs, hands them to workers, keeps every result.");
  app.footer(kFooter);
  app.set_version_flag("--version", kVersion);
  AddOptions(app, options, raw);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    *exit_code = app.exit(error) == 0 ? 0 : kExitUsage;
    return std::nullopt;
  }
  const absl::Status status = Complete(raw, options);
  if (status.ok()) return options;
  std::cerr << "basisbench-coordinator: " << status.message() << "\n";
  *exit_code = kExitUsage;
  return std::nullopt;
}

}  // namespace basisbench
