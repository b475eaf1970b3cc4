// SPDX-License-Identifier: Apache-2.0
#include "services/cli/frontier_front.h"

namespace basisbench {
namespace {

bool BeatsByMiddle(const Candidate& a, const Candidate& b) {
  const bool no_worse = a.cost.value <= b.cost.value && a.gain >= b.gain;
  return no_worse && (a.cost.value < b.cost.value || a.gain > b.gain);
}

bool IsExact(const Interval& cost) { return cost.low == cost.value && cost.high == cost.value; }

bool BeatsForCertain(const Candidate& a, const Candidate& b) {
  // Exact costs that are equal are no matter of noise.
  if (IsExact(a.cost) && IsExact(b.cost)) return BeatsByMiddle(a, b);
  if (!a.cost.high || !b.cost.low) return false;
  return *a.cost.high < *b.cost.low && a.gain >= b.gain;
}

}  // namespace

std::string StandingName(Standing standing) {
  switch (standing) {
    case Standing::kFront:
      return "front";
    case Standing::kWithinNoise:
      return "within_noise";
    case Standing::kDominated:
      return "dominated";
    case Standing::kAbsent:
      break;
  }
  return "absent";
}

std::vector<Standing> ParetoStandings(absl::Span<const std::optional<Candidate>> candidates) {
  std::vector<Standing> standings;
  for (const auto& own : candidates) {
    Standing standing = own ? Standing::kFront : Standing::kAbsent;
    for (const auto& other : candidates) {
      if (!own || !other || standing == Standing::kDominated) continue;
      if (BeatsByMiddle(*other, *own)) standing = Standing::kWithinNoise;
      if (BeatsForCertain(*other, *own)) standing = Standing::kDominated;
    }
    standings.push_back(standing);
  }
  return standings;
}

}  // namespace basisbench
