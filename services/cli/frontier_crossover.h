// SPDX-License-Identifier: Apache-2.0
// Where along a sweep an operator begins to beat MatMul. Pure.
//
// Between two measured sizes the speed-up is taken to follow a power law: a straight line of
// log(speed-up) over log(size). The interval comes from the same rule applied to the upper and to
// the lower ends of the speed-ups' intervals.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/cli/frontier_front.h"

namespace basisbench {

// A size and the paired speed-up over MatMul there.
struct SweepPoint {
  double size = 0;  // more than 0
  Interval speedup;
};

enum class CrossoverKind {
  kTooFew,  // fewer than two sizes
  kAlways,  // at least as fast at every size measured
  kNever,   // slower at every size measured: not reached in this sweep
  kFrom,    // slower, then faster up to the largest size
  kUntil,   // faster at some sizes, slower at the largest
};

// "too_few", "always", "never", "from", "until".
std::string CrossoverKindName(CrossoverKind kind);

struct Crossover {
  CrossoverKind kind = CrossoverKind::kTooFew;
  std::optional<double> at;  // kFrom and kUntil
  // Whether every point had an interval. If so, an end of the interval of `at` that is absent lies
  // outside the sweep: a low one at or below the smallest size, a high one beyond the largest. Of
  // kAlways only the high end, of kNever only the low end may be there: the interval leaves room
  // for a crossover.
  bool has_interval = false;
  std::optional<double> low;
  std::optional<double> high;
  double smallest = 0;  // of the sizes measured
  double largest = 0;
  // Times the speed-up passes 1 along the sweep; more than one means that `at` is the last.
  int changes = 0;
};

// The points in any order, one per size.
Crossover FindCrossover(std::vector<SweepPoint> points);

}  // namespace basisbench
