// SPDX-License-Identifier: Apache-2.0
// The standard process_* metrics from /proc/self. Thread-safe; a value the kernel does not tell is
// left out.
#pragma once

#include <functional>

#include "absl/strings/string_view.h"

namespace basisbench {

// Calls `report` with the name and value of each.
void ReadProcessMetrics(const std::function<void(absl::string_view, double)>& report);

}  // namespace basisbench
