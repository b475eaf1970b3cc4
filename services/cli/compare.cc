// SPDX-License-Identifier: Apache-2.0
#include "services/cli/compare.h"

#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/status_macros.h"
#include "services/cli/derived.h"
#include "services/cli/spec_text.h"
#include "services/cli/units.h"

namespace basisbench {
namespace {

// What must be alike for two runs to be comparable.
struct Likeness {
  std::set<std::string> methods, machines, ranks;
};

Likeness LikenessOf(const std::vector<v1::CaseResult>& results) {
  Likeness like;
  for (const v1::CaseResult& result : results) {
    like.ranks.insert(absl::StrCat(result.case_().ranks()));
    if (!result.has_environment()) continue;
    like.methods.insert(absl::StrCat(result.environment().method_version()));
    for (const v1::NodeConditions& node : result.environment().nodes()) {
      like.machines.insert(node.cpu_model());
    }
  }
  return like;
}

absl::Status CheckAlike(const Likeness& a, const Likeness& b) {
  auto check = [](const char* what, const std::set<std::string>& x,
                  const std::set<std::string>& y) {
    if (x == y) return absl::OkStatus();
    return absl::FailedPreconditionError(
        absl::StrCat("the runs differ in ", what, " (", absl::StrJoin(x, ", "), " against ",
                     absl::StrJoin(y, ", "), "); --force compares them all the same"));
  };
  BB_RETURN_IF_ERROR(check("method version", a.methods, b.methods));
  BB_RETURN_IF_ERROR(check("machine", a.machines, b.machines));
  return check("ranks", a.ranks, b.ranks);
}

std::string Key(const v1::Case& c, bool with_ranks) {
  return absl::StrJoin({OperatorText(c.operator_()), ShapeText(c.shape()), c.dtype(), c.direction(),
                        c.sharding(), c.backend(), c.cache(), c.input(), c.preset(), c.site(),
                        c.phase(), with_ranks ? absl::StrCat(c.ranks(), "@", c.grid()) : ""},
                       "|");
}

void Judge(const CompareOptions& options, Compared* pair) {
  const Derived a = Derive(pair->first);
  const Derived b = Derive(pair->second);
  pair->verdict = "INVALID";
  if (!a.rankable || !b.rankable || !a.median_seconds || !b.median_seconds) return;
  if (*a.median_seconds <= 0) return;
  pair->ratio = *b.median_seconds / *a.median_seconds;
  pair->verdict = "AMBIGUOUS";
  const bool intervals =
      a.median_ci_low_seconds && b.median_ci_low_seconds && *a.median_ci_low_seconds > 0;
  if (!intervals) return;
  const double low = *b.median_ci_low_seconds / *a.median_ci_high_seconds;
  const double high = *b.median_ci_high_seconds / *a.median_ci_low_seconds;
  pair->ratio_low = low;
  pair->ratio_high = high;
  const double upper = 1 + options.threshold;
  const double lower = 1 / upper;
  if (low > upper) pair->verdict = "SLOWER";
  if (high < lower) pair->verdict = "FASTER";
  if (low >= lower && high <= upper) pair->verdict = "SAME";
}

}  // namespace

absl::StatusOr<std::vector<Compared>> Compare(const std::vector<v1::CaseResult>& first,
                                              const std::vector<v1::CaseResult>& second,
                                              const CompareOptions& options) {
  const Likeness a = LikenessOf(first);
  const Likeness b = LikenessOf(second);
  if (!options.force) BB_RETURN_IF_ERROR(CheckAlike(a, b));
  // Across world sizes cases can be matched only when each run has a single one.
  const bool with_ranks = a.ranks == b.ranks || a.ranks.size() != 1 || b.ranks.size() != 1;
  std::map<std::string, const v1::CaseResult*> by_key;
  for (const v1::CaseResult& result : second) by_key[Key(result.case_(), with_ranks)] = &result;
  std::vector<Compared> compared;
  for (const v1::CaseResult& result : first) {
    const auto match = by_key.find(Key(result.case_(), with_ranks));
    if (match == by_key.end()) continue;
    compared.push_back({.first = result, .second = *match->second});
    Judge(options, &compared.back());
  }
  if (compared.empty()) {
    return absl::FailedPreconditionError("the two jobs have no case in common");
  }
  return compared;
}

Table CompareTable(const std::vector<Compared>& compared) {
  Table table{.columns = {{"operator"},
                          {"sharding"},
                          {"site"},
                          {"shape"},
                          {"dtype"},
                          {"cache", Audience::kWide},
                          {"ranks", Audience::kAll, true},
                          {"first_median_seconds", Audience::kAll, true, "FIRST"},
                          {"second_median_seconds", Audience::kAll, true, "SECOND"},
                          {"ratio", Audience::kAll, true},
                          {"ratio_low", Audience::kAll, true, "LOW"},
                          {"ratio_high", Audience::kAll, true, "HIGH"},
                          {"verdict"},
                          {"first_outcome", Audience::kWide},
                          {"second_outcome", Audience::kWide}},
              .rows = {},
              .empty = ""};
  auto number = [](const std::optional<double>& value, std::string (*text)(double)) {
    return value ? Cell(Json(*value), text(*value)) : Cell();
  };
  for (const Compared& pair : compared) {
    const v1::Case& c = pair.first.case_();
    table.rows.push_back(
        {{Json(OperatorText(c.operator_())), Json(c.sharding()), Json(c.site()),
          Json(ShapeText(c.shape())), Json(c.dtype()), Json(c.cache()), Json(c.ranks()),
          number(Derive(pair.first).median_seconds, HumanSeconds),
          number(Derive(pair.second).median_seconds, HumanSeconds), number(pair.ratio, HumanRatio),
          number(pair.ratio_low, HumanRatio), number(pair.ratio_high, HumanRatio),
          Json(pair.verdict), Json(OutcomeName(pair.first.outcome())),
          Json(OutcomeName(pair.second.outcome()))},
         ""});
  }
  return table;
}

}  // namespace basisbench
