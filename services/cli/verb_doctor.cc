// SPDX-License-Identifier: Apache-2.0
// doctor: what would keep this machine from measuring, or from measuring well.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/cli/checkup.h"
#include "services/cli/verbs.h"

namespace basisbench {
namespace {

// Not running is no fault of the machine, unless the user named the one to ask.
std::vector<Check> CheckCluster(Context& context) {
  const Health missing = context.flags.coordinator.empty() ? Health::kUnknown : Health::kFail;
  const auto client = context.Connect();
  const absl::Status reached = client.ok() ? (*client)->CheckHealth() : client.status();
  if (!reached.ok()) {
    const std::string found = absl::IsUnavailable(reached)
                                  ? absl::StrCat("nothing answers at ", context.coordinator())
                                  : std::string(reached.message());
    return {{"coordinator", missing, found, "basisbench local up, or --coordinator"}};
  }
  std::vector<Check> checks = {{"coordinator", Health::kOk, (*client)->target(), ""}};
  const auto workers = (*client)->ListWorkers();
  if (!workers.ok()) {
    checks.push_back({"workers", Health::kFail, std::string(workers.status().message()),
                      "is this a basisbench-coordinator?"});
    return checks;
  }
  uint32_t slots = 0;
  const auto ready = std::count_if(workers->begin(), workers->end(), [&](const auto& worker) {
    const bool takes = worker.state() == v1::WORKER_STATE_READY;
    slots += takes ? worker.slots() : 0;
    return takes;
  });
  checks.push_back({"workers", ready > 0 ? Health::kOk : Health::kWarning,
                    absl::StrCat(ready, " of ", workers->size(), " ready, ", slots, " slots"),
                    ready > 0 ? "" : "start basisbench-worker on each node, or 'local up' here"});
  return checks;
}

int Doctor(Context& context) {
  const CheckupPaths paths = ThisMachine();
  std::vector<Check> checks = CheckSoftware(paths);
  for (const auto& more : {CheckGpus(paths), CheckMachine(paths), CheckCluster(context)}) {
    checks.insert(checks.end(), more.begin(), more.end());
  }
  PrintTable(CheckTable(checks), context.print_options(), context.out());
  return AnyFailed(checks) ? kExitJobFailed : kExitOk;
}

}  // namespace

void AddDoctorVerb(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("doctor", "Check this machine and say how to mend it");
  verb->footer("Example: basisbench doctor -o json\n\nExits 1 when something will not work.");
  verb->callback([&context] { context.action = [&context] { return Doctor(context); }; });
}

}  // namespace basisbench
