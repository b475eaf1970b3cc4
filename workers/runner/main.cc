// SPDX-License-Identifier: Apache-2.0
// basisbench-runner: one rank of an attempt when started by mpirun; with a flag, what this binary
// can do and whether cases can run.
#include <signal.h>
#include <unistd.h>

#include <iostream>
#include <string>

#include "CLI/CLI.hpp"
#include "google/protobuf/util/json_util.h"
#include "services/base/log.h"
#include "services/base/version.h"
#include "workers/runner/check.h"
#include "workers/runner/framing.h"
#include "workers/runner/local_run.h"
#include "workers/runner/rank_process.h"

namespace basisbench {
namespace {

int ExitCodeOf(const absl::Status& status) {
  if (status.ok()) return kExitDone;
  Log(LogLevel::kError, "runner", status.message());
  return absl::IsInvalidArgument(status) ? kExitUsage : kExitInternal;
}

absl::Status PrintCatalogue(bool as_text) {
  const v1::OperatorCatalogue catalogue = Describe();
  std::string out = catalogue.SerializeAsString();
  if (as_text) {
    google::protobuf::util::JsonPrintOptions print;
    print.preserve_proto_field_names = true;
    print.add_whitespace = true;
    out.clear();
    const auto printed = google::protobuf::util::MessageToJsonString(catalogue, &out, print);
    if (!printed.ok()) return absl::InternalError(printed.ToString());
  }
  return WriteAll(STDOUT_FILENO, out.data(), out.size());
}

int Main(int argc, char** argv) {
  // A parent that ignores SIGTERM must not make its ranks deaf to it.
  signal(SIGTERM, SIG_DFL);
  signal(SIGPIPE, SIG_IGN);
  CLI::App app{
      "Executes the ranks of a Basisbench attempt. Started by the worker daemon through mpirun."};
  app.set_version_flag("--version", kVersion);
  bool describe = false, text = false, check = false, serve_checks = false;
  LocalRunOptions local;
  local.ranks = 0;
  std::string assignment;
  app.add_flag("--describe", describe, "print the operator catalogue, serialized");
  app.add_flag("--text", text, "with --describe: as JSON");
  app.add_flag("--check", check, "read a CheckRequest from standard input, write a CheckReply");
  app.add_flag("--serve-checks", serve_checks,
               "read framed CheckRequests until the input ends, write framed CheckReplies");
  app.add_option("--local", local.ranks, "run ASSIGNMENT with this many ranks as threads")
      ->check(CLI::Range(1, 256));
  app.add_option("--threads", local.threads_per_rank, "with --local: threads per rank")
      ->check(CLI::Range(1, 1024));
  app.add_option("assignment", assignment, "with --local: file with an Assignment as JSON");
  CLI11_PARSE(app, argc, argv);
  if (describe) return ExitCodeOf(PrintCatalogue(text));
  if (check) return ExitCodeOf(CheckOnce(STDIN_FILENO, STDOUT_FILENO));
  if (serve_checks) return ExitCodeOf(ServeChecks(STDIN_FILENO, STDOUT_FILENO));
  if (local.ranks > 0) return ExitCodeOf(RunLocalFile(local, assignment));
  return RankMain(&argc, &argv);
}

}  // namespace
}  // namespace basisbench

int main(int argc, char** argv) { return basisbench::Main(argc, argv); }
