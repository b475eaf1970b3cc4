// SPDX-License-Identifier: Apache-2.0
// Parameters of a problem as numbers. Pure functions.
#pragma once

#include <cstdint>
#include <string>

#include "workers/operators/problem.h"

namespace basisbench {

// A parameter that Resolve has checked to be an integer and to be there.
inline int64_t IntegerParameter(const Problem& problem, const std::string& name) {
  return std::stoll(problem.parameters.at(name));
}

// Sets a parameter that was left out: the operator's own choice for the shape.
inline void DefaultParameter(Problem& problem, const std::string& name, int64_t value) {
  problem.parameters.try_emplace(name, std::to_string(value));
}

}  // namespace basisbench
