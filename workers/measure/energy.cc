// SPDX-License-Identifier: Apache-2.0
#include "workers/measure/energy.h"

#include <dirent.h>

#include <algorithm>
#include <fstream>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/status_macros.h"
#include "workers/measure/timer.h"

namespace basisbench {
namespace {

absl::StatusOr<int64_t> ReadNumber(const std::string& path) {
  std::ifstream file(path);
  int64_t value = 0;
  if (!(file >> value)) return absl::UnavailableError(absl::StrCat("cannot read ", path));
  return value;
}

std::vector<std::string> FoldersOf(const std::string& root) {
  std::vector<std::string> names;
  DIR* folder = opendir(root.c_str());
  if (folder == nullptr) return names;
  while (const dirent* entry = readdir(folder)) names.emplace_back(entry->d_name);
  closedir(folder);
  std::sort(names.begin(), names.end());
  return names;
}

// A package includes its cores and graphics, and "psys" includes the packages: only packages and
// memory add up.
bool AddsUp(const std::string& name) { return absl::StartsWith(name, "package") || name == "dram"; }

}  // namespace

absl::Status CheckEnergyWindow(int64_t begin_ns, int64_t end_ns) {
  const double window = SecondsBetween(begin_ns, end_ns);
  if (window >= kShortestEnergyWindowSeconds) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("not measured: window of ", window,
                                                    " s is shorter than ",
                                                    kShortestEnergyWindowSeconds, " s"));
}

absl::StatusOr<EnergyCounters> EnergyCounters::Open(const std::string& root) {
  EnergyCounters counters;
  for (const std::string& folder : FoldersOf(root)) {
    // "intel-rapl-mmio" shows the same package a second time.
    if (!absl::StartsWith(folder, "intel-rapl:")) continue;
    const std::string path = absl::StrCat(root, "/", folder);
    std::string name;
    if (!(std::ifstream(path + "/name") >> name) || !AddsUp(name)) continue;
    BB_ASSIGN_OR_RETURN(const int64_t range, ReadNumber(path + "/max_energy_range_uj"));
    counters.domains_.push_back({name, path + "/energy_uj", range});
  }
  if (counters.domains_.empty()) {
    return absl::UnavailableError(absl::StrCat("no RAPL energy counter under ", root));
  }
  BB_RETURN_IF_ERROR(counters.Read().status());
  return counters;
}

absl::StatusOr<EnergyReading> EnergyCounters::Read() const {
  EnergyReading reading;
  reading.time_ns = SteadyNanoseconds();
  for (const Domain& domain : domains_) {
    BB_ASSIGN_OR_RETURN(const int64_t value, ReadNumber(domain.file));
    reading.microjoules.push_back(value);
  }
  return reading;
}

absl::StatusOr<double> EnergyCounters::Joules(const EnergyReading& begin,
                                              const EnergyReading& end) const {
  BB_RETURN_IF_ERROR(CheckEnergyWindow(begin.time_ns, end.time_ns));
  double joules = 0;
  for (size_t i = 0; i < domains_.size(); ++i) {
    int64_t difference = end.microjoules[i] - begin.microjoules[i];
    if (difference < 0) difference += domains_[i].range_microjoules;
    joules += 1e-6 * static_cast<double>(difference);
  }
  return joules;
}

std::string EnergyCounters::Names() const {
  std::vector<std::string> names;
  for (const Domain& domain : domains_) names.push_back(domain.name);
  return absl::StrJoin(names, ", ");
}

}  // namespace basisbench
