// SPDX-License-Identifier: Apache-2.0
// What of a comparison makes a build fail. Pure.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "services/cli/compare.h"
#include "services/cli/exit_code.h"

namespace basisbench {

struct FailPolicy {
  bool slower = false;
  bool ambiguous = false;
  bool invalid = false;  // was ranked before and no longer is: wrong, crashed, refused, not run
  bool missing = false;  // the first has a case that the second has not
};

// "slower,invalid". INVALID_ARGUMENT quotes what is none of slower, ambiguous, invalid, missing.
absl::StatusOr<FailPolicy> ParseFailPolicy(const std::string& text);

// kExitVerificationFailed outweighs kExitRegression.
int ExitCodeForComparison(const Comparison& comparison, const FailPolicy& policy);

}  // namespace basisbench
