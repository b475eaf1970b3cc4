// SPDX-License-Identifier: Apache-2.0
// Is this machine fit to measure on? Each check reads or tries one thing, says what it found and,
// when that is not good, what to do. Checks never change anything and never fail themselves.
#pragma once

#include <string>
#include <vector>

#include "services/cli/table.h"

namespace basisbench {

// kUnknown: cannot be told here, which is no fault. kFail: something will not work.
enum class Health { kOk, kUnknown, kWarning, kFail };

struct Check {
  std::string name;
  Health health = Health::kUnknown;
  std::string found;
  std::string fix;  // empty when there is nothing to do
};

// Where to look; tests point it at folders of their own.
struct CheckupPaths {
  std::string root;                           // in front of /proc, /sys and /dev
  std::string programs;                       // folder of our binaries
  std::vector<std::string> search;            // PATH
  std::string blas = "libopenblas.so.0";      // what the runner loads
  std::string nvml = "libnvidia-ml.so.1";     // what the worker loads
  std::string second_loopback = "127.0.0.2";  // what local workers listen on
};

CheckupPaths ThisMachine();

// Programs, Open MPI, libraries.
std::vector<Check> CheckSoftware(const CheckupPaths& paths);
// GPUs, their driver, and whether our programs were built for them.
std::vector<Check> CheckGpus(const CheckupPaths& paths);
// Processors, clock, memory, limits, counters.
std::vector<Check> CheckMachine(const CheckupPaths& paths);

Table CheckTable(const std::vector<Check>& checks);
bool AnyFailed(const std::vector<Check>& checks);

}  // namespace basisbench
