// SPDX-License-Identifier: Apache-2.0
#include "workers/expressiveness/budgets.h"

#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/expressiveness/catalogue.h"

namespace basisbench {
namespace {

double ShareOf(const FamilyInfo& family, BudgetKind kind) {
  const double n = static_cast<double>(family.request.n);
  return kind == BudgetKind::kFlops ? family.flops_fraction
                                    : static_cast<double>(family.parameters) / (n * n);
}

}  // namespace

std::vector<Budget> StandardBudgets(int64_t n) {
  const double size = static_cast<double>(n);
  std::vector<Budget> out;
  for (const BudgetKind kind : {BudgetKind::kParameters, BudgetKind::kFlops}) {
    out.push_back({kind, "2 lg n / n", 2 * std::log2(size) / size});
    out.push_back({kind, "2 / sqrt n", 2 / std::sqrt(size)});
    out.push_back({kind, "1/4", 0.25});
    out.push_back({kind, "1/2", 0.5});
  }
  return out;
}

absl::StatusOr<std::optional<FamilyInfo>> LargestWithin(
    absl::string_view name, const std::map<std::string, std::string>& parameters, int64_t n,
    const Budget& budget) {
  BB_ASSIGN_OR_RETURN(const FamilyInfo given, ResolveFamily(name, parameters, n));
  BB_ASSIGN_OR_RETURN(const CatalogueEntry* entry, FindFamily(name));
  std::vector<FamilyInfo> members = {given};
  if (entry->sizes && parameters.find(entry->size_parameter) == parameters.end()) {
    for (const int64_t size : entry->sizes(n)) {
      std::map<std::string, std::string> sized = parameters;
      sized[entry->size_parameter] = absl::StrCat(size);
      absl::StatusOr<FamilyInfo> member = ResolveFamily(name, sized, n);
      if (member.ok()) members.push_back(*std::move(member));
      // Sizes that do not fit n are skipped; they are only suggestions.
      else if (!absl::IsInvalidArgument(member.status()))
        return member.status();
    }
  }
  std::optional<FamilyInfo> best;
  for (FamilyInfo& member : members) {
    const double share = ShareOf(member, budget.kind);
    // Shares such as 2 lg n / n are met exactly, up to rounding.
    if (share > budget.share * (1 + 1e-12)) continue;
    if (!best.has_value() || share > ShareOf(*best, budget.kind)) best = std::move(member);
  }
  return best;
}

}  // namespace basisbench
