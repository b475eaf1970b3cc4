// SPDX-License-Identifier: Apache-2.0
// The operators of a job at equal budgets: of those that spend about as much, which is fastest and
// which captures most. Pure: records in, classes out.
//
// A budget is, over all ranks and per iteration,
//   parameters  the stored weights of the operator, as declared;
//   flops       those executed, as declared;
//   bytes       memory traffic plus bytes on the wire; memory as counted where every ranked case of
//               the place was, otherwise the model's for all of them;
//   error       the relative Frobenius error against float64.
// Costs are shares of what the MatMul of the same place spends, and the class of 2^-k holds those
// nearest to it: above 2^-(k+1/2), up to 2^-(k-1/2). So any two of a class differ by less than a
// factor of 2, and an operator of a few weights more than a sixteenth stands beside one of a
// sixteenth. What costs nothing is a class of its own. Errors are multiples of the unit roundoff u
// of the type, in decades: up to 1 u, above 1 u and up to 10 u, and so on.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/cli/compare.h"
#include "services/cli/derived.h"

namespace basisbench {

enum class Budget { kParameters, kFlops, kBytes, kError };
// "parameters", "flops", "bytes", "error".
const std::vector<std::string>& BudgetNames();
// INVALID_ARGUMENT quoting the text and listing the names.
absl::StatusOr<Budget> ParseBudget(const std::string& text);

struct EqualMember {
  const v1::CaseResult* record = nullptr;
  Derived derived;
  double budget = 0;  // elements, FLOP, bytes, or relative error
  double share = 0;   // of the reference
  // Against the MatMul of the place, which is `first`; without a verdict where that may not be
  // ranked, and for the MatMul itself.
  Compared versus;
  std::optional<double> captured;  // energy of arbitrary targets
  int64_t score_n = 0;             // size it was scored at; 0 when unknown
  // The smallest median of the class, and those whose interval reaches down to its interval or that
  // have none.
  bool fastest = false;
  bool within_noise = false;
  bool captures_most = false;  // of those that were scored; equal scores share it
};

struct EqualClass {
  std::string place;         // e.g. "1024x512x512 f32, 2 ranks"
  std::string dtype;         // of the place
  std::string memory_basis;  // "measured" or "model"
  std::string dense;         // operator whose budget is the reference; empty for errors
  double reference = 0;      // that budget, or the unit roundoff
  // Bounds of the share: above `low`, up to `high`. Both 0 for what costs nothing; of errors the
  // first class includes 0.
  double low = 0, high = 0;
  std::vector<EqualMember> members;  // by median
};

struct EqualComparison {
  Budget budget = Budget::kParameters;
  std::vector<EqualClass> classes;    // by place, then MatMul's own budget before smaller ones
  std::vector<std::string> left_out;  // each with its reason, for people
  std::vector<std::string> warnings;
};

// The records must outlive the result. FAILED_PRECONDITION saying in what the records differ
// (method version or machine) unless forced, or why no case is left; INVALID_ARGUMENT without
// records.
absl::StatusOr<EqualComparison> CompareAtEqual(const std::vector<v1::CaseResult>& records,
                                               Budget budget, const CompareOptions& options);

// One section per class, whose heading says its bounds.
Table EqualTable(const EqualComparison& comparison);

}  // namespace basisbench
