// SPDX-License-Identifier: Apache-2.0
#include "workers/measure/conditions.h"

#include <dirent.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cstring>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"

namespace basisbench {
namespace {

constexpr std::array<absl::string_view, 12> kPrefixes = {"OPENBLAS_", "OMP_",  "GOMP_", "KMP_",
                                                         "MKL_",      "BLIS_", "DNNL_", "OMPI_MCA_",
                                                         "FFTW_",     "UCX_",  "NCCL_", "CUDA_"};

// What mpirun tells its children about themselves changes no speed, and differs from rank to rank
// and run to run; where CUDA is installed changes none either.
constexpr std::array<absl::string_view, 6> kIrrelevant = {
    "OMPI_MCA_ess_",         "OMPI_MCA_orte_",         "OMPI_MCA_pmix",
    "OMPI_MCA_initial_wdir", "OMPI_MCA_shmem_RUNTIME", "CUDA_HOME"};

bool StartsWithAny(absl::string_view text, absl::Span<const absl::string_view> prefixes) {
  for (absl::string_view prefix : prefixes) {
    if (absl::StartsWith(text, prefix)) return true;
  }
  return false;
}

std::string FirstWordOf(const std::string& path) {
  std::ifstream file(path);
  std::string word;
  return file >> word ? word : "unknown";
}

std::string CpuModel() {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line)) {
    const size_t colon = line.find(':');
    if (absl::StartsWith(line, "model name") && colon != std::string::npos) {
      return std::string(absl::StripAsciiWhitespace(absl::string_view(line).substr(colon + 1)));
    }
  }
  return "unknown";
}

std::string Affinity() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return "unknown";
  std::vector<int> cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return FormatCpuList(cpus);
}

int NumaNodes() {
  DIR* folder = opendir("/sys/devices/system/node");
  if (folder == nullptr) return 0;
  int nodes = 0;
  while (const dirent* entry = readdir(folder)) {
    const absl::string_view name = entry->d_name;
    if (name.size() > 4 && absl::StartsWith(name, "node") &&
        std::isdigit(static_cast<unsigned char>(name[4]))) {
      ++nodes;
    }
  }
  closedir(folder);
  return nodes;
}

}  // namespace

std::string FormatCpuList(absl::Span<const int> cpus) {
  std::vector<std::string> ranges;
  for (size_t i = 0; i < cpus.size();) {
    size_t end = i;
    while (end + 1 < cpus.size() && cpus[end + 1] == cpus[end] + 1) ++end;
    ranges.push_back(end == i ? absl::StrCat(cpus[i]) : absl::StrCat(cpus[i], "-", cpus[end]));
    i = end + 1;
  }
  return absl::StrJoin(ranges, ",");
}

Conditions ReadConditions() {
  Conditions conditions;
  std::array<char, 256> name{};
  conditions.hostname = gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
  conditions.cpu_model = CpuModel();
  conditions.affinity = Affinity();
  double load = 0;
  if (getloadavg(&load, 1) == 1) conditions.load_average = load;
  conditions.governor = FirstWordOf("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  conditions.numa_nodes = NumaNodes();
  return conditions;
}

std::map<std::string, std::string> RelevantVariables(const std::vector<std::string>& variables) {
  std::map<std::string, std::string> relevant;
  for (const std::string& variable : variables) {
    const size_t equals = variable.find('=');
    if (equals == std::string::npos) continue;
    if (!StartsWithAny(variable, kPrefixes) || StartsWithAny(variable, kIrrelevant)) continue;
    relevant[variable.substr(0, equals)] = variable.substr(equals + 1);
  }
  return relevant;
}

std::map<std::string, std::string> RelevantEnvironment() {
  std::vector<std::string> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    variables.emplace_back(*entry);
  }
  return RelevantVariables(variables);
}

}  // namespace basisbench
