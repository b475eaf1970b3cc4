// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "services/cli/equal_budget.h"
#include "services/cli/frontier_text.h"
#include "services/cli/result_columns.h"
#include "services/cli/spec_text.h"
#include "services/cli/units.h"

namespace basisbench {
namespace {

std::string BudgetText(Budget budget, double value) {
  switch (budget) {
    case Budget::kParameters:
      return absl::StrFormat("%.0f", value);
    case Budget::kFlops:
      return CostText(Axis::kFlops, value);
    case Budget::kBytes:
      return HumanBytes(value);
    case Budget::kError:
      break;
  }
  return HumanError(value);
}

std::string BudgetTitle(const EqualClass& of, Budget budget) {
  if (budget == Budget::kParameters) return "parameters";
  if (budget == Budget::kFlops) return "executed FLOPs";
  return absl::StrCat("memory (", of.memory_basis, ") and wire bytes");
}

// "1/16 of", "2 times".
std::string PowerText(double middle) {
  return middle < 1 ? absl::StrFormat("1/%.0f of", 1 / middle)
                    : absl::StrFormat("%.0f times", middle);
}

std::string BoundsText(const EqualClass& of, Budget budget) {
  if (budget == Budget::kError) {
    const std::string above = of.low > 0 ? absl::StrFormat("above %g u, ", of.low) : "";
    return absl::StrFormat("error %sup to %g u (u = %s, the unit roundoff of %s)", above, of.high,
                           HumanError(of.reference), of.dtype);
  }
  const std::string title = BudgetTitle(of, budget);
  const std::string whole = BudgetText(budget, of.reference);
  if (of.high == 0) return absl::StrCat("no ", title, " (", of.dense, " has ", whole, ")");
  return absl::StrFormat("%s %s's %s (above %.3g, up to %.3g of %s)",
                         PowerText(std::sqrt(of.low * of.high)), of.dense, title, of.low, of.high,
                         whole);
}

std::string MarkText(const EqualMember& member, size_t members) {
  if (members == 1) return "alone";
  std::vector<std::string> marks;
  if (member.fastest) marks.push_back("fastest");
  if (member.within_noise) marks.push_back("within noise");
  if (member.captures_most) marks.push_back("captures most");
  return absl::StrJoin(marks, ", ");
}

std::vector<Column> ColumnsFor(Budget budget) {
  constexpr Audience kAll = Audience::kAll, kMachine = Audience::kMachine, kWide = Audience::kWide;
  static const char* const kHeadings[] = {"PARAMETERS", "FLOPS", "BYTES", "REL.ERROR"};
  const std::string share = budget == Budget::kError ? "IN U" : "OF MATMUL'S";
  return {{"operator"},
          {"sharding"},
          {"place", kMachine},
          {"equal", kMachine},
          {"reference", kMachine},
          {"class_low", kMachine},
          {"class_high", kMachine},
          {"budget", kAll, true, kHeadings[static_cast<size_t>(budget)]},
          {"budget_share", kAll, true, share},
          {"median", Audience::kHuman, true, "MEDIAN [95% CI]"},
          {"median_seconds", kMachine},
          {"median_ci_low_seconds", kMachine},
          {"median_ci_high_seconds", kMachine},
          {"ratio", kAll, true},
          {"ratio_low", kAll, true, "LOW"},
          {"ratio_high", kAll, true, "HIGH"},
          {"paired", kWide},
          {"verdict", kAll, false, "VS MATMUL"},
          {"captured_arbitrary", kAll, true, "CAPTURED"},
          {"score_n", kWide, true, "SCORED AT N"},
          {"fastest", kMachine},
          {"within_noise", kMachine},
          {"captures_most", kMachine},
          {"mark", Audience::kHuman, false, "IN ITS CLASS"},
          {"job_id", kMachine},
          {"index", kWide, true, "CASE"}};
}

Row RowOf(const EqualMember& member, const EqualClass& of, Budget budget) {
  const v1::Case& c = member.record->case_();
  const Derived& d = member.derived;
  const Compared& versus = member.versus;
  const std::string verdict = versus.verdict.empty() && c.baseline() ? "BASELINE" : versus.verdict;
  const auto number = [](const std::optional<double>& value, std::string (*text)(double)) {
    return value ? Cell(Json(*value), text(*value)) : Cell();
  };
  return {{Json(OperatorText(c.operator_())),
           Cell(Json(c.sharding()), ShardingText(c)),
           Json(of.place),
           Json(BudgetNames()[static_cast<size_t>(budget)]),
           Json(of.reference),
           Json(of.low),
           Json(of.high),
           Cell(Json(member.budget), BudgetText(budget, member.budget)),
           Cell(Json(member.share), absl::StrFormat("%.3g", member.share)),
           MedianCell(d),
           number(d.median_seconds, HumanSeconds),
           number(d.median_ci_low_seconds, HumanSeconds),
           number(d.median_ci_high_seconds, HumanSeconds),
           number(versus.ratio, RatioText),
           number(versus.ratio_low, RatioText),
           number(versus.ratio_high, RatioText),
           Json(versus.paired),
           Json(verdict),
           number(member.captured, HumanPercent),
           member.score_n > 0 ? Cell(Json(member.score_n)) : Cell(),
           Json(member.fastest),
           Json(member.within_noise),
           Json(member.captures_most),
           Cell(Json(nullptr), MarkText(member, of.members.size())),
           Json(member.record->job_id()),
           Json(c.index())},
          absl::StrCat(of.place, ": ", BoundsText(of, budget))};
}

}  // namespace

Table EqualTable(const EqualComparison& comparison) {
  Table table{.columns = ColumnsFor(comparison.budget), .rows = {}, .empty = ""};
  for (const EqualClass& of : comparison.classes) {
    for (const EqualMember& member : of.members) {
      table.rows.push_back(RowOf(member, of, comparison.budget));
    }
  }
  return table;
}

}  // namespace basisbench
