// SPDX-License-Identifier: Apache-2.0
// One line of comma-separated values with double-quoted fields (RFC 4180, without line breaks
// inside quotes). Pure.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace basisbench {

// INVALID_ARGUMENT when a quote is not closed or followed by anything but a comma.
absl::StatusOr<std::vector<std::string>> SplitCsvLine(absl::string_view line);

}  // namespace basisbench
