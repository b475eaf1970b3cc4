// SPDX-License-Identifier: Apache-2.0
// The lines of operators_bench: an operator, its peer, and what it should reach.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/bench/operators/peers.h"

namespace basisbench {

enum class Against {
  kSpeed,      // of the peer's speed
  kTime,       // of the peer's time
  kFlopRatio,  // of the peer's speed times the ratio of dense to executed FLOPs
};

struct Line {
  std::string operator_name;
  ProblemShape shape;
  MakePeer peer = nullptr;
  Against against = Against::kSpeed;
  double aim = 0;  // least speed or most time; 0: none
  std::map<std::string, std::string> parameters = {};
  Dtype dtype = Dtype::kF32;
};

// A new operator is one more line here. The first of an operator is the one that --quick takes.
std::vector<Line> AllLines();

}  // namespace basisbench
