// SPDX-License-Identifier: Apache-2.0
// Whether this process may read a GPU's hardware counters (bytes to and from its memory). Asks the
// kernel module and the process's capabilities only; any thread.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace basisbench {

// UNAVAILABLE without a driver; PERMISSION_DENIED where the driver keeps its counters to
// administrators and this process is none.
absl::Status GpuCountersPermitted(
    const std::string& driver_parameters = "/proc/driver/nvidia/params",
    const std::string& own_status = "/proc/self/status");

}  // namespace basisbench
