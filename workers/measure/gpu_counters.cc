// SPDX-License-Identifier: Apache-2.0
#include "workers/measure/gpu_counters.h"

#include <cstdint>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace basisbench {
namespace {

// Either lets a process read them: CAP_SYS_ADMIN, CAP_PERFMON.
constexpr uint64_t kEnough = (uint64_t{1} << 21) | (uint64_t{1} << 38);

// What follows "name:" in a file of such lines; empty when it is not there.
std::string ValueOf(const std::string& path, absl::string_view name) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    absl::string_view rest = line;
    if (absl::ConsumePrefix(&rest, name) && absl::ConsumePrefix(&rest, ":")) {
      return std::string(absl::StripAsciiWhitespace(rest));
    }
  }
  return "";
}

}  // namespace

absl::Status GpuCountersPermitted(const std::string& driver_parameters,
                                  const std::string& own_status) {
  const std::string admin_only = ValueOf(driver_parameters, "RmProfilingAdminOnly");
  if (admin_only.empty()) {
    return absl::UnavailableError(
        absl::StrCat(driver_parameters, " does not tell who may read the GPU's counters"));
  }
  if (admin_only == "0") return absl::OkStatus();
  uint64_t capabilities = 0;
  if (absl::SimpleHexAtoi(ValueOf(own_status, "CapEff"), &capabilities) &&
      (capabilities & kEnough) != 0) {
    return absl::OkStatus();
  }
  return absl::PermissionDeniedError(
      "the driver keeps the GPU's counters to administrators (RmProfilingAdminOnly 1)");
}

}  // namespace basisbench
