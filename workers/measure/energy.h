// SPDX-License-Identifier: Apache-2.0
// Joules of a host's packages from the kernel's cumulative RAPL counters. One object per process
// and host; belongs to one thread. A counter that cannot be read is UNAVAILABLE with the reason,
// never 0.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace basisbench {

// The counters move about every 0.1 s; twenty of those steps bound the error of a window at five
// per cent.
inline constexpr double kShortestEnergyWindowSeconds = 2.0;

// FAILED_PRECONDITION for a window that is too short to mean anything.
absl::Status CheckEnergyWindow(int64_t begin_ns, int64_t end_ns);

// All counters at one instant.
struct EnergyReading {
  int64_t time_ns = 0;
  std::vector<int64_t> microjoules;  // per domain
};

class EnergyCounters {
 public:
  // Packages, and memory where it is counted apart. UNAVAILABLE when the host has none or reading
  // is not permitted.
  static absl::StatusOr<EnergyCounters> Open(const std::string& root = "/sys/class/powercap");

  absl::StatusOr<EnergyReading> Read() const;

  // Joules between two readings, all domains. A counter that fell has wrapped once. See
  // CheckEnergyWindow.
  absl::StatusOr<double> Joules(const EnergyReading& begin, const EnergyReading& end) const;

  // "package-0, dram".
  std::string Names() const;

 private:
  struct Domain {
    std::string name;
    std::string file;
    int64_t range_microjoules = 0;
  };
  std::vector<Domain> domains_;
};

}  // namespace basisbench
