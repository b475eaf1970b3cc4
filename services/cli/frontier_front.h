// SPDX-License-Identifier: Apache-2.0
// Which of several candidates nothing else beats in both cost and gain. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"

namespace basisbench {

// A value with its 95 % interval. Both ends or neither; an exact quantity has both equal to it.
struct Interval {
  double value = 0;
  std::optional<double> low;
  std::optional<double> high;

  static Interval Exact(double value) { return {value, value, value}; }
};

// Less cost and more gain are better.
struct Candidate {
  double gain = 0;
  Interval cost;
};

enum class Standing {
  kAbsent,       // takes no part: cost or gain was not measured
  kFront,        // no other candidate costs at most as much and gains at least as much
  kWithinNoise,  // one does by its middle value, but the intervals of the costs overlap
  kDominated,    // one does, and its interval lies wholly below
};

// "absent", "front", "within_noise", "dominated".
std::string StandingName(Standing standing);

// One standing per candidate, kAbsent for those without a value. Equal candidates share the front.
// Where an interval is missing nothing is certain, and kWithinNoise is the worst there can be.
std::vector<Standing> ParetoStandings(absl::Span<const std::optional<Candidate>> candidates);

}  // namespace basisbench
