// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/options.h"

#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <iostream>

#include "CLI/CLI.hpp"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"
#include "services/base/backends.h"
#include "services/base/flags/daemon_flags.h"
#include "services/base/status_macros.h"
#include "services/base/version.h"
#include "workers/daemon/nvml.h"
#include "workers/daemon/slots.h"
#include "workers/daemon/work_directory.h"

namespace basisbench {
namespace {

constexpr char kFooter[] =
    "Every option can also be given as an environment variable: --work-dir as "
    "BASISBENCH_WORK_DIR.\n\n"
    "Examples:\n"
    "  basisbench-worker --coordinator 127.0.0.1:7070 --name w0 --address 127.0.0.2\n"
    "  basisbench-worker --coordinator coordinator:7070 --name $(hostname) --address 10.0.0.7 "
    "--slots 8 \\\n"
    "      --tls-ca ca.pem --tls-cert node.pem --tls-key node.key\n"
    "  CUDA_VISIBLE_DEVICES=0,1 basisbench-worker --device cuda --coordinator coordinator:7070 "
    "--name gpu0 \\\n"
    "      --address 10.0.0.8\n\n"
    "SIGTERM lets running attempts finish for up to --drain-timeout; a second one ends at once.\n"
    "Exit codes: 0 ended on request, 1 failed, 2 wrong usage, 3 refused by the coordinator.";

// What CLI11 cannot hold in its final type.
struct RawOptions {
  std::string cpus;
  double drain_seconds = 60;
};

// Ends the parsing, as CLI11 wants it: by an exception that ParseDaemonOptions catches.
void PrintGpus() {
  std::string note;
  v1::Inventory inventory;
  for (v1::GpuInfo& gpu : ReadGpus(&note)) *inventory.add_gpus() = std::move(gpu);
  if (inventory.gpus().empty()) {
    std::cerr << "basisbench-worker: no GPU: " << note << "\n";
    throw CLI::RuntimeError(kExitFailed);
  }
  google::protobuf::util::JsonPrintOptions print;
  print.preserve_proto_field_names = true;
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(inventory, &text, print).ok())
    throw CLI::RuntimeError(kExitFailed);
  std::cout << text << std::endl;
  throw CLI::Success();
}

void AddOptions(CLI::App& app, DaemonOptions& options, RawOptions& raw) {
  WorkerOptions& worker = options.worker;
  app.add_option("--coordinator", worker.coordinator, "coordinator to attach to, host:port")
      ->required()
      ->envname("BASISBENCH_COORDINATOR");
  app.add_option("--name", worker.name, "unique name of this worker (default: host name)")
      ->envname("BASISBENCH_NAME");
  app.add_option("--address", worker.address, "host or address peers reach this node by")
      ->required()
      ->envname("BASISBENCH_ADDRESS");
  app.add_option("--listen", worker.listen,
                 "where peers ask for launches, host:port (default: ADDRESS:0)")
      ->envname("BASISBENCH_LISTEN");
  app.add_option("--http", worker.http, "metrics and health, host:port (default: 127.0.0.1:0)")
      ->envname("BASISBENCH_HTTP");
  app.add_option(
         "--device", worker.device,
         "what ranks compute on: cpu, or cuda for the GPUs that CUDA_VISIBLE_DEVICES leaves "
         "(default: cpu)")
      ->check(CLI::IsMember(std::vector<std::string>{kCpuDevice, kCudaDevice}))
      ->envname("BASISBENCH_DEVICE");
  app.add_option(
         "--slots", worker.slots,
         "ranks at once (default: one per CPU or GPU); more than GPUs, and ranks share them, "
         "which only the backend cuda_mpi allows")
      ->check(CLI::Range(1, 4096))
      ->envname("BASISBENCH_SLOTS");
  app.add_option("--cpus", raw.cpus, "CPUs for ranks, like 0-3,8 (default: all allowed)")
      ->envname("BASISBENCH_CPUS");
  app.add_option("--memory", worker.memory_bytes,
                 "memory for ranks on CPUs (bytes; default: all allowed)")
      ->check(CLI::PositiveNumber)
      ->envname("BASISBENCH_MEMORY");
  app.add_option("--runner", worker.programs.runner,
                 "basisbench-runner (default: beside this program)")
      ->envname("BASISBENCH_RUNNER_PATH");
  app.add_option("--work-dir", worker.work_directory, "private directory (default: under TMPDIR)")
      ->envname("BASISBENCH_WORK_DIR");
  app.add_option("--ready-file", options.ready_file, "written with the ports once attached")
      ->envname("BASISBENCH_READY_FILE");
  app.add_option("--drain-timeout", raw.drain_seconds,
                 "seconds running attempts get after SIGTERM (default: 60)")
      ->check(CLI::NonNegativeNumber)
      ->envname("BASISBENCH_DRAIN_TIMEOUT");
  app.add_flag_callback("--list-gpus", PrintGpus, "print the GPUs of this node as JSON, and end")
      ->trigger_on_parse();
  AddLogLevelFlag(app, options.log_level);
  AddSecurityFlags(app, worker.security);
}

bool LegalName(const std::string& name) {
  if (name.empty() || name.size() > 63) return false;
  for (const char c : name) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '_' && c != '-')
      return false;
  }
  return name != "." && name != "..";
}

absl::Status CheckProgram(const std::string& option, const std::string& path) {
  if (::access(path.c_str(), X_OK) == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(option, ": ", path, " is not an executable file"));
}

absl::Status CompletePrograms(Programs& programs) {
  std::error_code error;
  const std::string folder =
      std::filesystem::read_symlink("/proc/self/exe", error).parent_path().string();
  programs.agent = folder + "/basisbench-launch-agent";
  programs.guard = folder + "/basisbench-guard";
  if (programs.runner.empty()) programs.runner = folder + "/basisbench-runner";
  programs.runner = std::filesystem::absolute(programs.runner, error).string();
  BB_RETURN_IF_ERROR(CheckProgram("--runner", programs.runner));
  BB_RETURN_IF_ERROR(CheckProgram("installation", programs.agent));
  return CheckProgram("installation", programs.guard);
}

}  // namespace

absl::Status CompleteOptions(WorkerOptions& options) {
  if (options.name.empty()) {
    char host[256] = "";
    ::gethostname(host, sizeof host - 1);
    options.name = host;
  }
  if (!LegalName(options.name)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--name '", options.name, "': letters, digits, '.', '_' and '-' only, at most 63"));
  }
  if (options.address.empty() || options.address[0] == '-' ||
      options.address.find_first_of(":/, ") != std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("--address '", options.address, "' is not a host or IPv4 address"));
  }
  if (options.device == kCudaDevice && options.memory_bytes > 0) {
    return absl::InvalidArgumentError(
        "--memory: with --device cuda a rank may use its part of its GPU's memory");
  }
  if (options.listen.empty()) options.listen = absl::StrCat(options.address, ":0");
  if (options.http.empty()) options.http = "127.0.0.1:0";
  if (options.work_directory.empty()) options.work_directory = DefaultWorkDirectory(options.name);
  return CompletePrograms(options.programs);
}

std::optional<DaemonOptions> ParseDaemonOptions(int argc, char** argv, int* exit_code) {
  DaemonOptions options;
  RawOptions raw;
  CLI::App app(
      "Basisbench worker daemon: attaches this node to a coordinator and runs its attempts.");
  app.footer(kFooter);
  app.set_version_flag("--version", kVersion);
  AddOptions(app, options, raw);
  try {
    app.parse(argc, argv);
  } catch (const CLI::RuntimeError& error) {
    *exit_code = error.get_exit_code();
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    *exit_code = app.exit(error) == 0 ? 0 : kExitUsage;
    return std::nullopt;
  }
  options.drain_timeout = absl::Seconds(raw.drain_seconds);
  absl::Status status;
  // CLI11 lets NaN pass every check.
  if (std::isnan(raw.drain_seconds))
    status = absl::InvalidArgumentError("--drain-timeout: nan is not a number");
  if (status.ok() && !raw.cpus.empty()) {
    absl::StatusOr<std::vector<uint32_t>> cpus = ParseCpuList(raw.cpus);
    status = cpus.status();
    if (cpus.ok()) options.worker.cpus = *std::move(cpus);
  }
  if (status.ok()) status = CompleteOptions(options.worker);
  if (status.ok()) return options;
  std::cerr << "basisbench-worker: " << status.message() << "\n";
  *exit_code = kExitUsage;
  return std::nullopt;
}

}  // namespace basisbench
