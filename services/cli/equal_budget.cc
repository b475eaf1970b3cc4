// SPDX-License-Identifier: Apache-2.0
#include "services/cli/equal_budget.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/status_macros.h"
#include "services/cli/frontier.h"
#include "services/cli/spec_text.h"

namespace basisbench {
namespace {

// Behind every class of a cost.
constexpr int kCostsNothing = std::numeric_limits<int>::max();

// 2^-p of p significant bits; nothing for a type that is not known.
std::optional<double> UnitRoundoff(const std::string& dtype) {
  static const auto& bits = *new std::map<std::string, int>{
      {"f64", 53}, {"f32", 24}, {"f16", 11}, {"tf32", 11}, {"bf16", 8}};
  const auto found = bits.find(dtype);
  if (found == bits.end()) return std::nullopt;
  return std::exp2(-found->second);
}

std::optional<double> BytesOf(const Derived& d, const std::string& memory_basis) {
  const auto& memory = memory_basis == "measured" ? d.memory_bytes_measured : d.memory_bytes_model;
  if (!memory || !d.wire_bytes) return std::nullopt;
  return *memory + static_cast<double>(*d.wire_bytes);
}

std::optional<double> BudgetOf(const FrontierPoint& point, const FrontierGroup& group,
                               Budget budget) {
  if (budget == Budget::kError) return point.derived.relative_error;
  if (!point.record->has_cost()) return std::nullopt;
  const v1::Cost& cost = point.record->cost();
  switch (budget) {
    case Budget::kParameters:
      return static_cast<double>(cost.parameters());
    case Budget::kFlops:
      return cost.flops_executed();
    default:
      return BytesOf(point.derived, group.memory_basis);
  }
}

int OrderOf(double share, Budget budget) {
  if (budget == Budget::kError)
    return static_cast<int>(std::max(0.0, std::ceil(std::log10(share))));
  if (share <= 0) return kCostsNothing;
  return static_cast<int>(std::floor(0.5 - std::log2(share)));
}

// Bounds of the shares with this order.
std::pair<double, double> BoundsOf(int order, Budget budget) {
  if (budget == Budget::kError) {
    return {order == 0 ? 0 : std::pow(10.0, order - 1), std::pow(10.0, order)};
  }
  if (order == kCostsNothing) return {0, 0};
  return {std::exp2(-order - 0.5), std::exp2(-order + 0.5)};
}

// The MatMul of a place. What it declares is a budget even where it could not be ranked.
const FrontierPoint* DenseOf(const Frontier& frontier, const FrontierGroup& group) {
  if (group.baseline) return &frontier.points[*group.baseline];
  for (const size_t i : group.points) {
    if (frontier.points[i].record->case_().baseline()) return &frontier.points[i];
  }
  return nullptr;
}

// What shares of a place are taken of; a reason in words where there is nothing.
absl::StatusOr<double> ReferenceOf(const FrontierPoint* dense, const FrontierGroup& group,
                                   Budget budget) {
  if (budget == Budget::kError) {
    const auto roundoff = UnitRoundoff(group.dtype);
    if (roundoff) return *roundoff;
    return absl::NotFoundError(absl::StrCat("the unit roundoff of '", group.dtype, "' is unknown"));
  }
  const std::string& name = BudgetNames()[static_cast<size_t>(budget)];
  if (dense == nullptr) {
    return absl::NotFoundError(absl::StrCat("no MatMul, of whose ", name, " shares are taken"));
  }
  const auto reference = BudgetOf(*dense, group, budget);
  if (reference.value_or(0) > 0) return *reference;
  return absl::NotFoundError(absl::StrCat("its MatMul has no ", name, " to take shares of"));
}

EqualMember MemberOf(const FrontierPoint& point, double budget, double reference) {
  EqualMember member{.record = point.record, .derived = point.derived};
  member.budget = budget;
  member.share = budget / reference;
  member.captured = point.gain[static_cast<size_t>(Gain::kArbitrary)];
  member.score_n = point.score_n;
  return member;
}

double Seconds(const EqualMember& member) { return *member.derived.median_seconds; }

bool ReachesDownTo(const Derived& best, const Derived& other) {
  if (!best.median_ci_high_seconds || !other.median_ci_low_seconds) return true;
  return *other.median_ci_low_seconds <= *best.median_ci_high_seconds;
}

void MarkAndSort(EqualClass& of) {
  std::stable_sort(
      of.members.begin(), of.members.end(),
      [](const EqualMember& a, const EqualMember& b) { return Seconds(a) < Seconds(b); });
  std::optional<double> most;
  for (const EqualMember& member : of.members) {
    if (member.captured) most = std::max(most.value_or(*member.captured), *member.captured);
  }
  const EqualMember& best = of.members.front();
  const Derived fastest = best.derived;
  for (EqualMember& member : of.members) {
    member.fastest = Seconds(member) == *fastest.median_seconds;
    member.within_noise = !member.fastest && ReachesDownTo(fastest, member.derived);
    member.captures_most = member.captured && *member.captured == *most;
  }
}

std::string Describe(const FrontierPoint& point, const FrontierGroup& group) {
  const v1::Case& c = point.record->case_();
  return absl::StrCat(OperatorText(c.operator_()), " ", c.sharding(), " of ", group.label);
}

void AddPlace(const Frontier& frontier, const FrontierGroup& group, EqualComparison* comparison) {
  const Budget budget = comparison->budget;
  const FrontierPoint* const dense = DenseOf(frontier, group);
  const auto reference = ReferenceOf(dense, group, budget);
  std::map<int, EqualClass> classes;
  for (const size_t i : group.points) {
    const FrontierPoint& point = frontier.points[i];
    const auto spent = BudgetOf(point, group, budget);
    std::string reason = point.excluded;
    if (reason.empty() && !reference.ok()) reason = std::string(reference.status().message());
    if (reason.empty() && !(spent && std::isfinite(*spent))) reason = "its budget is not known";
    if (!reason.empty()) {
      comparison->left_out.push_back(absl::StrCat(Describe(point, group), " (", reason, ")"));
      continue;
    }
    EqualMember member = MemberOf(point, *spent, *reference);
    const bool ranked = dense != nullptr && dense->excluded.empty();
    if (ranked && dense != &point)
      member.versus = {.first = *dense->record, .second = *point.record};
    classes[OrderOf(member.share, budget)].members.push_back(std::move(member));
  }
  for (auto& [order, of] : classes) {
    of.place = group.label;
    of.dtype = group.dtype;
    of.memory_basis = group.memory_basis;
    if (budget != Budget::kError) of.dense = group.dense;
    of.reference = *reference;
    std::tie(of.low, of.high) = BoundsOf(order, budget);
    MarkAndSort(of);
    comparison->classes.push_back(std::move(of));
  }
}

// All of them together, so that the intervals of the whole table hold together.
void JudgeAgainstMatMul(const CompareOptions& options, EqualComparison* comparison) {
  std::vector<EqualMember*> members;
  std::vector<Compared> pairs;
  for (EqualClass& of : comparison->classes) {
    for (EqualMember& member : of.members) {
      if (!member.versus.first.has_case_()) continue;
      members.push_back(&member);
      pairs.push_back(std::move(member.versus));
    }
  }
  JudgePairs(options, pairs);
  for (size_t i = 0; i < pairs.size(); ++i) members[i]->versus = std::move(pairs[i]);
}

}  // namespace

const std::vector<std::string>& BudgetNames() {
  static const auto& names = *new std::vector<std::string>{"parameters", "flops", "bytes", "error"};
  return names;
}

absl::StatusOr<Budget> ParseBudget(const std::string& text) {
  const auto& names = BudgetNames();
  const auto found = std::find(names.begin(), names.end(), text);
  if (found != names.end()) return static_cast<Budget>(found - names.begin());
  return absl::InvalidArgumentError(
      absl::StrCat("'", text, "' is none of ", absl::StrJoin(names, ", ")));
}

absl::StatusOr<EqualComparison> CompareAtEqual(const std::vector<v1::CaseResult>& records,
                                               Budget budget, const CompareOptions& options) {
  BB_ASSIGN_OR_RETURN(const Frontier frontier, BuildFrontier(records, {.force = options.force}));
  EqualComparison comparison{.budget = budget, .warnings = frontier.warnings};
  for (const FrontierGroup& group : frontier.groups) AddPlace(frontier, group, &comparison);
  if (comparison.classes.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("no case is left to compare: ", comparison.left_out.front()));
  }
  JudgeAgainstMatMul(options, &comparison);
  return comparison;
}

}  // namespace basisbench
