// SPDX-License-Identifier: Apache-2.0
#include "services/cli/compare.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/status_macros.h"
#include "services/cli/compare_identity.h"
#include "services/cli/derived.h"
#include "services/cli/spec_text.h"

namespace basisbench {
namespace {

constexpr double kMissRate = 0.05;

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

std::string Describe(const v1::Case& c) {
  return absl::StrCat(OperatorText(c.operator_()), " ", ShapeText(c.shape()), " ", c.dtype(), " ",
                      c.sharding(), ", ", c.ranks(), c.ranks() == 1 ? " rank" : " ranks");
}

// z with P(|Z| > z) = `share`, by bisection: few are needed.
double TwoSidedQuantile(double share) {
  double low = 0, high = 40;
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (std::erfc(middle / std::sqrt(2.0)) > share ? low : high) = middle;
  }
  return low;
}

// Moves an end of an interval away from its middle.
double Widen(double middle, double end, double by) { return middle * std::pow(end / middle, by); }

// Ratio and interval from rounds that both were measured in, if there were such.
bool TakePairedRounds(double widening, Compared* pair) {
  const v1::BaselineComparison& rounds = pair->second.comparison();
  const bool both = pair->first.case_().baseline() && pair->second.has_comparison() &&
                    pair->first.job_id() == pair->second.job_id() &&
                    rounds.baseline_index() == pair->first.case_().index();
  if (!both || !rounds.has_speedup_low() || !rounds.has_speedup_high()) return false;
  if (!(rounds.speedup_low() > 0 && rounds.speedup() > 0)) return false;
  pair->paired = true;
  pair->ratio = 1 / rounds.speedup();
  pair->ratio_low = Widen(*pair->ratio, 1 / rounds.speedup_high(), widening);
  pair->ratio_high = Widen(*pair->ratio, 1 / rounds.speedup_low(), widening);
  return true;
}

void TakeMedians(const Derived& a, const Derived& b, double widening, Compared* pair) {
  pair->ratio = *b.median_seconds / *a.median_seconds;
  const bool intervals = a.median_ci_low_seconds && b.median_ci_low_seconds &&
                         *a.median_ci_low_seconds > 0 && *b.median_ci_low_seconds > 0;
  if (!intervals) return;
  const auto low = [&](const Derived& d) {
    return Widen(*d.median_seconds, *d.median_ci_low_seconds, widening);
  };
  const auto high = [&](const Derived& d) {
    return Widen(*d.median_seconds, *d.median_ci_high_seconds, widening);
  };
  pair->ratio_low = low(b) / high(a);
  pair->ratio_high = high(b) / low(a);
}

bool Comparable(const Compared& pair) {
  const Derived a = Derive(pair.first);
  const Derived b = Derive(pair.second);
  return a.rankable && b.rankable && a.median_seconds.value_or(0) > 0 &&
         b.median_seconds.value_or(0) > 0;
}

void Judge(double threshold, double widening, Compared* pair) {
  pair->verdict = "INVALID";
  if (!Comparable(*pair)) return;
  if (!TakePairedRounds(widening, pair)) {
    TakeMedians(Derive(pair->first), Derive(pair->second), widening, pair);
  }
  pair->verdict = "AMBIGUOUS";
  if (!pair->ratio_low) return;
  const double upper = 1 + threshold;
  const double lower = 1 / upper;
  if (*pair->ratio_low > upper) pair->verdict = "SLOWER";
  if (*pair->ratio_high < lower) pair->verdict = "FASTER";
  if (*pair->ratio_low >= lower && *pair->ratio_high <= upper) pair->verdict = "SAME";
}

bool Names(const std::string& selector, const v1::Case& c) {
  return c.operator_().name() == selector || OperatorText(c.operator_()) == selector;
}

using Group = std::vector<const v1::CaseResult*>;

std::string GroupOf(const v1::CaseResult& record) {
  return absl::StrCat(record.job_id(), "|", record.case_().comparison_group());
}

Group Select(const std::vector<v1::CaseResult>& records, const std::string& selector) {
  Group selected;
  for (const v1::CaseResult& record : records) {
    if (Names(selector, record.case_())) selected.push_back(&record);
  }
  return selected;
}

// Those of `second` that the first is to be held against: of its group, and of its sharding if any
// there is.
Group PartnersOf(const v1::CaseResult& first, const Group& second) {
  Group partners, of_sharding;
  for (const v1::CaseResult* record : second) {
    if (GroupOf(*record) != GroupOf(first)) continue;
    partners.push_back(record);
    if (record->case_().sharding() == first.case_().sharding()) of_sharding.push_back(record);
  }
  return of_sharding.empty() ? partners : of_sharding;
}

}  // namespace

size_t Comparison::Count(const std::string& verdict) const {
  return static_cast<size_t>(std::count_if(
      pairs.begin(), pairs.end(), [&](const Compared& pair) { return pair.verdict == verdict; }));
}

double Widening(size_t count) {
  if (count < 2) return 1;
  return TwoSidedQuantile(kMissRate / static_cast<double>(count)) / TwoSidedQuantile(kMissRate);
}

void JudgePairs(const CompareOptions& options, std::vector<Compared>& pairs) {
  const auto count = std::count_if(pairs.begin(), pairs.end(), Comparable);
  const double widening = options.per_case ? 1 : Widening(static_cast<size_t>(count));
  for (Compared& pair : pairs) Judge(options.threshold, widening, &pair);
}

absl::StatusOr<Comparison> Compare(const std::vector<v1::CaseResult>& first,
                                   const std::vector<v1::CaseResult>& second,
                                   const CompareOptions& options) {
  const Likeness a = LikenessOf(first);
  const Likeness b = LikenessOf(second);
  if (!options.force) BB_RETURN_IF_ERROR(CheckAlike(a, b));
  // Across world sizes cases can be matched only when each run has a single one.
  const bool with_ranks = a.ranks == b.ranks || a.ranks.size() != 1 || b.ranks.size() != 1;
  const auto key = [with_ranks](const v1::CaseResult& result) {
    return CaseIdentity(result.case_(), {.with_ranks = with_ranks, .with_grid = with_ranks});
  };
  std::map<std::string, const v1::CaseResult*> by_key;
  for (const v1::CaseResult& result : second) by_key[key(result)] = &result;
  Comparison comparison;
  std::set<std::string> matched;
  for (const v1::CaseResult& result : first) {
    const auto match = by_key.find(key(result));
    if (match == by_key.end()) {
      comparison.only_first.push_back(Describe(result.case_()));
      continue;
    }
    matched.insert(match->first);
    comparison.pairs.push_back({.first = result, .second = *match->second});
  }
  for (const auto& [identity, result] : by_key) {
    if (!matched.contains(identity)) comparison.only_second.push_back(Describe(result->case_()));
  }
  if (comparison.pairs.empty()) {
    return absl::FailedPreconditionError("the two jobs have no case in common");
  }
  JudgePairs(options, comparison.pairs);
  return comparison;
}

absl::StatusOr<Comparison> CompareOperators(const std::vector<v1::CaseResult>& records,
                                            const std::string& first, const std::string& second,
                                            const CompareOptions& options) {
  const Group a = Select(records, first);
  const Group b = Select(records, second);
  if (a.empty() || b.empty()) {
    return absl::NotFoundError(
        absl::StrCat("no case of operator '", a.empty() ? first : second, "' in these records"));
  }
  Comparison comparison;
  std::set<std::string> met;
  for (const v1::CaseResult* record : a) {
    const Group partners = PartnersOf(*record, b);
    if (partners.empty()) comparison.only_first.push_back(Describe(record->case_()));
    for (const v1::CaseResult* partner : partners) {
      comparison.pairs.push_back({.first = *record, .second = *partner});
    }
    met.insert(GroupOf(*record));
  }
  for (const v1::CaseResult* record : b) {
    if (!met.contains(GroupOf(*record)))
      comparison.only_second.push_back(Describe(record->case_()));
  }
  if (comparison.pairs.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("'", first, "' and '", second, "' were never measured in one place"));
  }
  JudgePairs(options, comparison.pairs);
  return comparison;
}

}  // namespace basisbench
