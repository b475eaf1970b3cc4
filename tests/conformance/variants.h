// SPDX-License-Identifier: Apache-2.0
// Settings of parameters that the conformance matrix runs beside every operator's defaults: the
// other axis, branches that the defaults never take. One table for all operators.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "workers/operators/problem.h"

namespace basisbench {

struct Variant {
  std::string op;
  std::string label;  // in the name of the test
  std::map<std::string, std::string> parameters;
  std::vector<ProblemShape> shapes = {};  // beside those of every case
};

const std::vector<Variant>& Variants();

}  // namespace basisbench
