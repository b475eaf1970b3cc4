// SPDX-License-Identifier: Apache-2.0
// A case as the operators see it: plain values, no wire types.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "workers/devices/dtype.h"

namespace basisbench {

// X is tokens x d_in (N x K), Y is tokens x d_out (N x M).
struct ProblemShape {
  int64_t tokens = 0;
  int64_t d_in = 0;
  int64_t d_out = 0;
};

struct Problem {
  std::string operator_name;
  std::map<std::string, std::string> parameters;  // complete after Operator::Resolve
  ProblemShape shape;
  Dtype dtype = Dtype::kF32;
  std::string direction = "forward";
  std::string sharding;
  int ranks = 1;
  std::string grid;  // "RxC" or empty
};

}  // namespace basisbench
