// SPDX-License-Identifier: Apache-2.0
// The circumstances a measurement was made in. Reads /proc, /sys and the environment; never fails:
// what the kernel does not tell is "unknown" or 0. Thread-safe as long as nobody changes the
// environment.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/types/span.h"

namespace basisbench {

struct Conditions {
  std::string hostname;
  std::string cpu_model;
  std::string affinity;     // CPUs the calling thread may run on, like "0-3,8"
  double load_average = 0;  // one minute
  std::string governor;
  int numa_nodes = 0;
};

Conditions ReadConditions();

// "0-3,8" for {0,1,2,3,8}.
std::string FormatCpuList(absl::Span<const int> cpus);

// Of "NAME=value" strings, those whose name can change speed (threads, kernels, transports).
std::map<std::string, std::string> RelevantVariables(const std::vector<std::string>& variables);

// The same of this process.
std::map<std::string, std::string> RelevantEnvironment();

}  // namespace basisbench
