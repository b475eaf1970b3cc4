// SPDX-License-Identifier: Apache-2.0
// Scores as text. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "workers/expressiveness/budgets.h"
#include "workers/expressiveness/score.h"

namespace basisbench {

// A line of a report: a score, and the budget it was sized for if there was one. Without a score
// the family has no member within the budget, and only its name and n are set.
struct ReportRow {
  std::string family;
  int64_t n = 0;
  std::optional<Budget> budget;
  std::optional<Score> score;
};

enum class ReportFormat { kTable, kCsv, kJson };

// INVALID_ARGUMENT listing the formats.
absl::StatusOr<ReportFormat> ParseReportFormat(absl::string_view text);

// Rows in the order given; all of them have the same targets.
std::string PrintReport(absl::Span<const ReportRow> rows, ReportFormat format);

}  // namespace basisbench
