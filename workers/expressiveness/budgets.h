// SPDX-License-Identifier: Apache-2.0
// Families compared at equal cost: the largest member that fits a budget of parameters or of FLOPs.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "workers/expressiveness/score.h"

namespace basisbench {

enum class BudgetKind { kParameters, kFlops };

struct Budget {
  BudgetKind kind = BudgetKind::kParameters;
  std::string name;  // "2 lg n / n", "2 / sqrt n", "1/4", "1/2"
  double share = 0;  // of the n^2 parameters or the 2 n^2 FLOPs of a dense product
};

// The four shares that butterflies, Monarch matrices, a quarter and a half of a dense matrix cost,
// for parameters and then for FLOPs.
std::vector<Budget> StandardBudgets(int64_t n);

// The setting of the family with the highest cost that is within the budget; nothing when none is.
// `parameters` fix the ones given; only the family's size parameter is searched. The errors of
// ResolveFamily.
absl::StatusOr<std::optional<FamilyInfo>> LargestWithin(
    absl::string_view name, const std::map<std::string, std::string>& parameters, int64_t n,
    const Budget& budget);

}  // namespace basisbench
