// SPDX-License-Identifier: Apache-2.0
#include "services/cli/checkup.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "absl/strings/str_split.h"
#include "services/cli/local_cluster.h"

namespace basisbench {
namespace {

const char* HealthName(Health health) {
  switch (health) {
    case Health::kOk:
      return "ok";
    case Health::kUnknown:
      return "unknown";
    case Health::kWarning:
      return "warning";
    case Health::kFail:
      return "FAIL";
  }
  return "unknown";
}

}  // namespace

CheckupPaths ThisMachine() {
  CheckupPaths paths;
  paths.programs = ProgramFolder();
  if (const char* path = std::getenv("PATH"); path != nullptr) {
    paths.search = absl::StrSplit(path, ':', absl::SkipEmpty());
  }
  return paths;
}

Table CheckTable(const std::vector<Check>& checks) {
  Table table{.columns = {{"check"}, {"health"}, {"found"}, {"fix"}}, .rows = {}, .empty = ""};
  for (const Check& check : checks) {
    table.rows.push_back({{Json(check.name), Json(HealthName(check.health)), Json(check.found),
                           check.fix.empty() ? Json(nullptr) : Json(check.fix)},
                          ""});
  }
  return table;
}

bool AnyFailed(const std::vector<Check>& checks) {
  return std::any_of(checks.begin(), checks.end(),
                     [](const Check& check) { return check.health == Health::kFail; });
}

}  // namespace basisbench
