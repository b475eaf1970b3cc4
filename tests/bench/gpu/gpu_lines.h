// SPDX-License-Identifier: Apache-2.0
// The lines of gpu_bench: an operator, what it is held against, and what it should reach.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/bench/paired.h"
#include "workers/operators/problem.h"

namespace basisbench {

enum class GpuPeer {
  kBestGemm,  // a dense product of the same shape and dtype, by the best algorithm
  kCopy,      // of as many bytes as the operator has to move at least
  kFft,       // cuFFT's transform of X in two dimensions, of which FNet keeps the real part
};

struct GpuLine {
  std::string operator_name;
  ProblemShape shape;
  Dtype dtype = Dtype::kF32;
  GpuPeer peer = GpuPeer::kCopy;
  Figure figure = Figure::kTime;
  double aim = 0;           // least speed or most time; 0: none
  bool flop_ratio = false;  // the figure is the speed over the ratio of dense to executed FLOPs
  std::map<std::string, std::string> parameters = {};
};

std::vector<GpuLine> GpuLines();

// Operators whose width from which on they are faster than a dense product is looked for, with
// their parameters.
struct Challenger {
  std::string operator_name;
  std::map<std::string, std::string> parameters = {};
  int64_t widest = 16384;
};
std::vector<Challenger> Challengers();

}  // namespace basisbench
