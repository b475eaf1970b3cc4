// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/mpirun_command.h"

#include <unistd.h>

#include <array>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "workers/daemon/launch_plan.h"
#include "workers/daemon/process_tree.h"

namespace basisbench {
namespace {

// The ranks are started through a shell, because the paths of guard and runner are the node's own:
// they stand in the environment that each daemon gives to its orted. Nothing in this text comes
// from outside.
constexpr char kRankScript[] = "exec \"$BASISBENCH_GUARD\" \"$BASISBENCH_RUNNER\"";

constexpr std::array<const char*, 7> kAllowed = {
    "PATH=", "HOME=", "USER=", "LANG=", "LD_LIBRARY_PATH=", "LC_ALL=", "BASISBENCH_LOG_LEVEL="};
constexpr std::array<const char*, 13> kAllowedPrefixes = {
    "OMPI_", "PMIX_", "OMP_",  "GOMP_", "KMP_",  "OPENBLAS_",
    "BLIS_", "MKL_",  "DNNL_", "NCCL_", "CUDA_", "BASISBENCH_RUNNER_",
    "UCX_"};

bool Allowed(const std::string& entry) {
  for (const char* name : kAllowed) {
    if (absl::StartsWith(entry, name)) return true;
  }
  for (const char* prefix : kAllowedPrefixes) {
    if (absl::StartsWith(entry, prefix)) return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> OwnEnvironment() {
  std::vector<std::string> entries;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry)
    entries.emplace_back(*entry);
  return entries;
}

std::vector<std::string> MakeNodeEnvironment(const NodeEnvironment& node,
                                             const std::vector<std::string>& inherited) {
  std::vector<std::string> environment;
  bool has_path = false;
  for (const std::string& entry : inherited) {
    // A daemon that was itself started by mpirun must not hand its own place in that world to its
    // ranks.
    if (absl::StartsWith(entry, "OMPI_COMM_WORLD") || absl::StartsWith(entry, "OMPI_UNIVERSE"))
      continue;
    if (absl::StartsWith(entry, "PMIX_RANK") || absl::StartsWith(entry, "PMIX_NAMESPACE")) continue;
    if (!Allowed(entry)) continue;
    has_path = has_path || absl::StartsWith(entry, "PATH=");
    environment.push_back(entry);
  }
  if (!has_path) environment.push_back("PATH=/usr/local/bin:/usr/bin:/bin");
  environment.push_back("OMPI_ALLOW_RUN_AS_ROOT=1");
  environment.push_back("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1");
  environment.push_back(absl::StrCat("TMPDIR=", node.directory));
  environment.push_back(absl::StrCat("BASISBENCH_ATTEMPT=", node.attempt_id));
  environment.push_back(absl::StrCat("BASISBENCH_WORKER_SOCKET=", node.socket));
  environment.push_back(absl::StrCat("BASISBENCH_SHARED_MEMORY=", node.shared_memory));
  environment.push_back(absl::StrCat("BASISBENCH_GUARD=", node.programs.guard));
  environment.push_back(absl::StrCat("BASISBENCH_RUNNER=", node.programs.runner));
  environment.push_back(absl::StrCat(kProcessTagVariable, "=", node.process_tag));
  if (!node.launch_plan.empty())
    environment.push_back(absl::StrCat(kLaunchPlanVariable, "=", node.launch_plan));
  return environment;
}

absl::StatusOr<std::vector<std::string>> MakeMpirunCommand(const MpirunRequest& request) {
  if (request.hosts.size() != request.slots.size()) {
    return absl::InvalidArgumentError(absl::StrCat(request.hosts.size(), " hosts and ",
                                                   request.slots.size(), " numbers of slots"));
  }
  std::set<std::string> seen;
  std::vector<std::string> places;
  uint32_t slots = 0;
  for (size_t i = 0; i < request.hosts.size(); ++i) {
    if (!seen.insert(request.hosts[i]).second) {
      return absl::InvalidArgumentError(absl::StrCat("two workers of the gang have the address ",
                                                     request.hosts[i], "; each needs its own"));
    }
    places.push_back(absl::StrCat(request.hosts[i], ":", request.slots[i]));
    slots += request.slots[i];
  }
  if (request.ranks == 0 || request.ranks > slots) {
    return absl::InvalidArgumentError(
        absl::StrCat(request.ranks, " ranks do not fit ", slots, " slots of the gang"));
  }
  std::vector<std::string> command = {
      "mpirun", "-np", absl::StrCat(request.ranks), "--host", absl::StrJoin(places, ","),
      // Each node's daemon is asked by mpirun itself, and stays its child, so that its end is
      // noticed.
      "--mca", "plm", "rsh", "--mca", "plm_rsh_agent", request.agent, "--mca",
      "plm_rsh_no_tree_spawn", "1", "--mca", "orte_leave_session_attached", "1", "--mca",
      "orte_keep_fqdn_hostnames", "1",
      // Probing the other transports costs 200 ms per start and finds nothing that TCP and shared
      // memory lack here.
      "--mca", "pml", "ob1", "--mca", "btl", "self,vader,tcp",
      // Ranks bind themselves to the CPUs their worker assigns.
      "--bind-to", "none", "--map-by", "slot"};
  if (!request.network.empty()) {
    for (const char* name : {"oob_tcp_if_include", "btl_tcp_if_include"}) {
      command.insert(command.end(), {"--mca", name, request.network});
    }
  }
  command.insert(command.end(), {"/bin/sh", "-c", kRankScript});
  return command;
}

}  // namespace basisbench
