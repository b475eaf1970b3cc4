// SPDX-License-Identifier: Apache-2.0
// A YAML or JSON text as JSON values plus the line each stands on. Pure.
#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "services/cli/table.h"

namespace basisbench {

struct SpecTree {
  Json root;
  std::map<std::string, int> lines;  // by path ("/operators/0/name"), from 1; JSON texts have none
};

// INVALID_ARGUMENT with "SOURCE:LINE: " in front where the line is known.
absl::StatusOr<SpecTree> ReadSpecTree(const std::string& source, const std::string& text);

}  // namespace basisbench
