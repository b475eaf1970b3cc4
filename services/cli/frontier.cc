// SPDX-License-Identifier: Apache-2.0
#include "services/cli/frontier.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/status_macros.h"
#include "services/cli/frontier_parts.h"
#include "services/cli/spec_text.h"

namespace basisbench {
namespace {

// In what records must agree to be ranked with each other.
struct Likeness {
  std::set<std::string> methods, machines, builds;
};

Likeness LikenessOf(const std::vector<v1::CaseResult>& records) {
  Likeness like;
  for (const v1::CaseResult& record : records) {
    if (!record.has_environment()) continue;
    like.methods.insert(absl::StrCat(record.environment().method_version()));
    like.builds.insert(record.environment().build());
    for (const v1::NodeConditions& node : record.environment().nodes()) {
      like.machines.insert(node.cpu_model());
    }
  }
  return like;
}

absl::Status CheckAlike(const std::vector<v1::CaseResult>& records, bool force,
                        std::vector<std::string>* warnings) {
  const Likeness like = LikenessOf(records);
  for (const auto& [what, values] :
       {std::pair{"method versions", like.methods}, std::pair{"machines", like.machines}}) {
    if (values.size() < 2) continue;
    const std::string mixed =
        absl::StrCat("the records are of different ", what, " (", absl::StrJoin(values, ", "), ")");
    if (!force) {
      return absl::FailedPreconditionError(
          absl::StrCat(mixed, "; --force ranks them together all the same"));
    }
    warnings->push_back(absl::StrCat(mixed, " and are ranked together because that was forced"));
  }
  if (like.builds.size() > 1) {
    warnings->push_back(absl::StrCat("the records were made by different builds (",
                                     absl::StrJoin(like.builds, ", "), ")"));
  }
  return absl::OkStatus();
}

// One operator may choose its parameters by the size, and is one line of a sweep all the same.
void NameSeries(Frontier* frontier) {
  std::map<std::tuple<size_t, std::string, std::string>, std::set<std::string>> variants;
  std::set<std::string> several;
  for (const FrontierPoint& point : frontier->points) {
    const v1::Case& c = point.record->case_();
    auto& texts = variants[{point.group, c.operator_().name(), c.sharding()}];
    texts.insert(OperatorText(c.operator_()));
    if (texts.size() > 1) several.insert(c.operator_().name());
  }
  for (FrontierPoint& point : frontier->points) {
    const v1::OperatorSpec& op = point.record->case_().operator_();
    point.series = several.count(op.name()) > 0 ? OperatorText(op) : op.name();
  }
}

void RankGroup(const FrontierGroup& group, Frontier* frontier) {
  for (size_t axis = 0; axis < kAxes.size(); ++axis) {
    for (size_t gain = 0; gain < kGains.size(); ++gain) {
      std::vector<std::optional<Candidate>> candidates;
      for (const size_t i : group.points) {
        const FrontierPoint& point = frontier->points[i];
        const bool has_both = point.cost[axis] && point.gain[gain];
        candidates.push_back(has_both
                                 ? std::optional(Candidate{*point.gain[gain], *point.cost[axis]})
                                 : std::nullopt);
      }
      const auto standings = ParetoStandings(candidates);
      for (size_t k = 0; k < standings.size(); ++k) {
        frontier->points[group.points[k]].standing[axis][gain] = standings[k];
      }
    }
  }
}

// The group to look at first: the one with most operators that can be ranked, of the largest shape,
// on the fewest ranks.
std::optional<size_t> Headline(const Frontier& frontier) {
  std::optional<size_t> best;
  std::tuple<int, double, int> best_key;
  for (size_t g = 0; g < frontier.groups.size(); ++g) {
    const FrontierGroup& group = frontier.groups[g];
    int scored = 0, timed = 0;
    for (const size_t i : group.points) {
      const FrontierPoint& point = frontier.points[i];
      if (point.cost[0]) ++timed;
      if (point.cost[0] && point.gain[0]) ++scored;
    }
    if (timed == 0) continue;
    const double size = static_cast<double>(group.shape.tokens()) *
                        static_cast<double>(group.shape.d_in()) *
                        static_cast<double>(group.shape.d_out());
    const std::tuple<int, double, int> key{scored * 1000 + timed, size,
                                           -static_cast<int>(group.ranks)};
    if (best && key <= best_key) continue;
    best = g;
    best_key = key;
  }
  return best;
}

}  // namespace

const std::vector<std::string>& AxisNames() {
  static const auto& names =
      *new std::vector<std::string>{"seconds", "flops", "memory", "wire", "joules"};
  return names;
}

std::vector<v1::CaseResult> WithoutRepeats(std::vector<v1::CaseResult> records) {
  std::vector<v1::CaseResult> kept;
  std::map<std::pair<std::string, uint32_t>, size_t> places;
  for (v1::CaseResult& record : records) {
    const auto [place, is_new] =
        places.try_emplace({record.job_id(), record.case_().index()}, kept.size());
    if (is_new) {
      kept.push_back(std::move(record));
    } else {
      kept[place->second] = std::move(record);
    }
  }
  return kept;
}

bool IsAlternative(const Frontier& frontier, const FrontierPoint& point) {
  const std::string& dense = frontier.groups[point.group].dense;
  return point.excluded.empty() && !dense.empty() &&
         point.record->case_().operator_().name() != dense;
}

absl::StatusOr<Frontier> BuildFrontier(const std::vector<v1::CaseResult>& records,
                                       const FrontierOptions& options) {
  Frontier frontier;
  BB_RETURN_IF_ERROR(CheckAlike(records, options.force, &frontier.warnings));
  AddGroups(records, options.tokens, &frontier);
  if (frontier.points.empty()) {
    return absl::InvalidArgumentError(records.empty() ? "there are no records"
                                                      : absl::StrCat("none of the ", records.size(),
                                                                     " records has ",
                                                                     options.tokens, " tokens"));
  }
  NameSeries(&frontier);
  for (const FrontierGroup& group : frontier.groups) RankGroup(group, &frontier);
  AddCrossovers(&frontier);
  AddScaling(&frontier);
  AddErrors(&frontier);
  frontier.headline = Headline(frontier);
  return frontier;
}

}  // namespace basisbench
