// SPDX-License-Identifier: Apache-2.0
// The parameter `axis` of mixers that work along either side of X. Pure functions.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "workers/operators/operator.h"

namespace basisbench {

inline ParameterDescription AxisParameter() {
  return {"axis", "what a vector is: the channels of a token, or the tokens of a channel (token)",
          "channel"};
}

// Whether vectors are the columns of X. For a problem with the parameter.
inline bool AlongTokens(const Problem& problem) { return problem.parameters.at("axis") == "token"; }

// INVALID_ARGUMENT naming the value unless it is one of the two.
inline absl::Status CheckAxis(const Problem& problem) {
  const std::string& axis = problem.parameters.at("axis");
  if (axis == "channel" || axis == "token") return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      problem.operator_name, ": parameter 'axis' must be channel or token, not '", axis, "'"));
}

}  // namespace basisbench
