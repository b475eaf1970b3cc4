// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "services/cli/frontier.h"
#include "services/cli/frontier_parts.h"
#include "services/cli/frontier_text.h"
#include "services/cli/units.h"

namespace basisbench {
namespace {

// Alternatives the first sentence names: more than these nobody reads.
constexpr size_t kNamed = 4;

std::string Machines(const Frontier& frontier) {
  std::set<std::string> models;
  for (const FrontierPoint& point : frontier.points) {
    for (const v1::NodeConditions& node : point.record->environment().nodes()) {
      models.insert(node.cpu_model());
    }
  }
  return models.empty() ? "an unnamed machine" : absl::StrJoin(models, " and ");
}

std::string Speedup(const Derived& d) {
  if (!d.speedup_low || !d.speedup_high) return HumanRatio(*d.speedup);
  return absl::StrCat(HumanRatio(*d.speedup), " [", HumanRatio(*d.speedup_low), ", ",
                      HumanRatio(*d.speedup_high), "]");
}

std::string WhoIsFaster(const Frontier& frontier) {
  std::map<std::string, const FrontierPoint*> best;  // by series; null when never faster
  for (const FrontierPoint& point : frontier.points) {
    if (!IsAlternative(frontier, point) || !point.derived.speedup) continue;
    const FrontierPoint*& leader = best[point.series];
    if (point.derived.verdict != "FASTER") continue;
    const bool leads = leader == nullptr || *point.derived.speedup > *leader->derived.speedup;
    if (leads) leader = &point;
  }
  if (best.empty()) return "No ranked record is compared with MatMul.";
  std::vector<const FrontierPoint*> leaders;
  for (const auto& [series, leader] : best) {
    if (leader != nullptr) leaders.push_back(leader);
  }
  std::sort(leaders.begin(), leaders.end(), [](const FrontierPoint* a, const FrontierPoint* b) {
    return *a->derived.speedup > *b->derived.speedup;
  });
  std::vector<std::string> parts;
  for (const FrontierPoint* leader : leaders) {
    if (parts.size() == kNamed) {
      parts.push_back(absl::StrCat(leaders.size() - kNamed, " more by less"));
      break;
    }
    parts.push_back(absl::StrCat(leader->series, " by up to ", Speedup(leader->derived), " at ",
                                 frontier.groups[leader->group].label));
  }
  const size_t ranked = std::count_if(frontier.points.begin(), frontier.points.end(),
                                      [](const FrontierPoint& p) { return p.excluded.empty(); });
  return absl::StrCat("On ", Machines(frontier), ", ", leaders.size(), " of ", best.size(),
                      " alternatives beat MatMul somewhere in these ", frontier.points.size(),
                      " records (", ranked, " ranked)", parts.empty() ? "" : ": ",
                      absl::StrJoin(parts, "; "), ".");
}

// The better of two shardings of one series: the one that crosses earlier.
bool CrossesEarlier(const Crossover& a, const Crossover& b) {
  const auto key = [](const Crossover& c) {
    const bool always = c.kind == CrossoverKind::kAlways;
    const bool from = c.kind == CrossoverKind::kFrom;
    return std::pair(always ? 0 : from ? 1 : 2, c.at.value_or(0));
  };
  return key(a) < key(b);
}

// "a, b and c".
std::string Listed(std::vector<std::string> names) {
  if (names.size() < 2) return absl::StrJoin(names, "");
  const std::string last = names.back();
  names.pop_back();
  return absl::StrCat(absl::StrJoin(names, ", "), " and ", last);
}

std::string FromWhere(const Frontier& frontier) {
  if (!frontier.headline) return "No ranked record was timed, so there is no crossover to find.";
  const FrontierGroup& group = frontier.groups[*frontier.headline];
  std::map<std::string, const FrontierCrossover*> lines;
  for (const FrontierCrossover& found : frontier.crossovers) {
    const bool here = found.along == "n" && found.fixed == group.shape.tokens() &&
                      found.dtype == group.dtype && found.ranks == group.ranks;
    if (!here || !IsAlternative(frontier, frontier.points[found.points.front()])) continue;
    const FrontierCrossover*& line = lines[found.series];
    if (line == nullptr || CrossesEarlier(found.crossover, line->crossover)) line = &found;
  }
  const std::string where = absl::StrCat(group.shape.tokens(), " tokens (", group.dtype, ", ",
                                         group.ranks, group.ranks == 1 ? " rank)" : " ranks)");
  if (lines.empty()) {
    return absl::StrCat("With ", where,
                        " only one square n was measured, so no crossover in n "
                        "can be told.");
  }
  std::map<std::pair<bool, std::string>, std::vector<std::string>> by_finding;
  for (const auto& [series, line] : lines) {
    const bool never = line->crossover.kind == CrossoverKind::kNever;
    by_finding[{never, CrossoverText(*line)}].push_back(series);
  }
  std::vector<std::string> parts;
  for (const auto& [finding, names] : by_finding) {
    const auto& [never, text] = finding;
    const char* verb = names.size() == 1 ? " is " : " are ";
    parts.push_back(never ? absl::StrCat("of ", Listed(names), " the crossover is ", text)
                          : absl::StrCat(Listed(names), verb, text));
  }
  return absl::StrCat("Against MatMul at ", where, ": ", absl::StrJoin(parts, "; "), ".");
}

std::string WhatItGivesUp(const Frontier& frontier) {
  constexpr char kNoScore[] =
      "No ranked record carries a change-of-basis score, so what the faster operators give up "
      "cannot be told from these records; a job submitted with --expressiveness adds it.";
  if (!frontier.headline) return kNoScore;
  const FrontierGroup& group = frontier.groups[*frontier.headline];
  std::vector<const FrontierPoint*> front;
  for (const size_t i : group.points) {
    const FrontierPoint& point = frontier.points[i];
    if (point.standing[0][0] == Standing::kFront) front.push_back(&point);
  }
  if (front.empty()) return kNoScore;
  std::sort(front.begin(), front.end(), [](const FrontierPoint* a, const FrontierPoint* b) {
    return a->cost[0]->value < b->cost[0]->value;
  });
  std::vector<std::string> parts;
  for (const FrontierPoint* point : front) {
    parts.push_back(absl::StrCat(point->series, " ", HumanPercent(*point->gain[0]), " in ",
                                 HumanSeconds(point->cost[0]->value)));
  }
  return absl::StrCat("Of the energy of an arbitrary change of basis, the front by time at ",
                      group.label, " captures: ", absl::StrJoin(parts, ", "), ".");
}

}  // namespace

std::array<std::string, 3> FrontierAnswer(const Frontier& frontier) {
  return {WhoIsFaster(frontier), FromWhere(frontier), WhatItGivesUp(frontier)};
}

}  // namespace basisbench
