// SPDX-License-Identifier: Apache-2.0
// Operators as a user writes them: "monarch,lowrank{rank=4},btt{rank=2,block_order=strided}". Pure
// functions.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace basisbench {

struct OperatorText {
  std::string name;
  std::map<std::string, std::string> parameters;
};

// INVALID_ARGUMENT naming the piece that is no name or name{parameter=value,...}.
absl::StatusOr<std::vector<OperatorText>> ParseOperatorList(absl::string_view text);

}  // namespace basisbench
