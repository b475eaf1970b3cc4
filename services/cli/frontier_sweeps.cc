// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "services/cli/frontier_parts.h"

namespace basisbench {
namespace {

// What all points of one line along a sweep share: axis, series, sharding, type, other conditions,
// ranks, dense rival, and the dimension that is fixed.
using LineKey = std::tuple<std::string, std::string, std::string, std::string, std::string,
                           uint32_t, bool, int64_t>;

std::string ConditionsOf(const v1::Case& c) {
  return absl::StrCat(c.direction(), " ", c.cache(), " ", c.input(), " ", c.backend());
}

double SizeOf(const FrontierPoint& point, const std::string& along) {
  const v1::Shape& shape = point.record->case_().shape();
  return static_cast<double>(along == "n" ? shape.d_in() : shape.tokens());
}

// Points by size; of two at one size the later counts.
using Line = std::map<double, size_t>;

std::map<LineKey, Line> LinesOf(const Frontier& frontier) {
  std::map<LineKey, Line> lines;
  for (size_t i = 0; i < frontier.points.size(); ++i) {
    const FrontierPoint& point = frontier.points[i];
    const v1::Case& c = point.record->case_();
    const bool square = c.shape().d_in() == c.shape().d_out();
    if (!IsAlternative(frontier, point) || !point.derived.speedup || !square) continue;
    for (const std::string along : {"n", "tokens"}) {
      const int64_t fixed = along == "n" ? c.shape().tokens() : c.shape().d_in();
      const LineKey key{along,
                        point.series,
                        c.sharding(),
                        c.dtype(),
                        ConditionsOf(c),
                        c.ranks(),
                        frontier.groups[point.group].mixes_tokens,
                        fixed};
      lines[key][SizeOf(point, along)] = i;
    }
  }
  return lines;
}

double MedianOf(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::optional<double> Difference(const std::optional<double>& a, const std::optional<double>& b) {
  if (!a || !b) return std::nullopt;
  return *a - *b;
}

// Seconds of communication; a case that sends nothing takes none.
std::optional<double> CommunicationOf(const FrontierPoint& point) {
  if (point.derived.wire_bytes == 0) return 0;
  return point.derived.communication_seconds;
}

}  // namespace

void AddCrossovers(Frontier* frontier) {
  for (const auto& [key, line] : LinesOf(*frontier)) {
    if (line.size() < 2) continue;
    FrontierCrossover found;
    std::tie(found.along, found.series, found.sharding, found.dtype, found.conditions, found.ranks,
             found.mixes_tokens, found.fixed) = key;
    std::vector<SweepPoint> sweep;
    for (const auto& [size, i] : line) {
      const Derived& d = frontier->points[i].derived;
      sweep.push_back({size, {*d.speedup, d.speedup_low, d.speedup_high}});
      found.points.push_back(i);
    }
    found.crossover = FindCrossover(std::move(sweep));
    frontier->crossovers.push_back(std::move(found));
  }
}

void AddScaling(Frontier* frontier) {
  for (const FrontierGroup& group : frontier->groups) {
    if (!group.baseline) continue;
    const FrontierPoint& dense = frontier->points[*group.baseline];
    for (const size_t i : group.points) {
      const FrontierPoint& own = frontier->points[i];
      if (!IsAlternative(*frontier, own)) continue;
      FrontierScaling row{.point = i, .baseline = *group.baseline};
      row.flops_saved = dense.record->cost().flops_executed() - own.record->cost().flops_executed();
      row.wire_bytes_added = static_cast<double>(own.derived.wire_bytes.value_or(0) -
                                                 dense.derived.wire_bytes.value_or(0));
      row.compute_seconds_saved =
          Difference(dense.derived.compute_seconds, own.derived.compute_seconds);
      row.communication_seconds_added = Difference(CommunicationOf(own), CommunicationOf(dense));
      row.seconds_saved = *dense.derived.median_seconds - *own.derived.median_seconds;
      frontier->scaling.push_back(row);
    }
  }
}

void AddErrors(Frontier* frontier) {
  std::map<std::pair<std::string, std::string>, std::vector<size_t>> kinds;
  for (size_t i = 0; i < frontier->points.size(); ++i) {
    const FrontierPoint& point = frontier->points[i];
    if (!point.excluded.empty() || !point.derived.relative_error) continue;
    kinds[{point.series, point.record->case_().dtype()}].push_back(i);
  }
  for (const auto& [kind, points] : kinds) {
    FrontierError row{.series = kind.first, .dtype = kind.second, .count = points.size()};
    std::vector<double> errors;
    row.worst = points.front();
    for (const size_t i : points) {
      errors.push_back(*frontier->points[i].derived.relative_error);
      if (errors.back() > *frontier->points[row.worst].derived.relative_error) row.worst = i;
    }
    row.smallest = *std::min_element(errors.begin(), errors.end());
    row.largest = *std::max_element(errors.begin(), errors.end());
    row.median = MedianOf(errors);
    frontier->errors.push_back(row);
  }
}

}  // namespace basisbench
