// SPDX-License-Identifier: Apache-2.0
// Two jobs case by case. Pure: records in, verdicts out.
//
// The ratio of a case is the second median over the first; its interval divides the ends of the two
// 95 % intervals of the medians crosswise, which is wider than 95 % and so errs towards AMBIGUOUS.
// With a threshold t the verdict is SLOWER when the interval lies above 1+t, FASTER below 1/(1+t),
// SAME between, AMBIGUOUS when it reaches across, and INVALID when either result may not be ranked.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "basisbench/v1/result.pb.h"
#include "services/cli/table.h"

namespace basisbench {

struct CompareOptions {
  double threshold = 0.05;
  bool force = false;  // compare unlike runs all the same
};

struct Compared {
  v1::CaseResult first;
  v1::CaseResult second;
  std::string verdict;
  std::optional<double> ratio;
  std::optional<double> ratio_low;
  std::optional<double> ratio_high;
};

// FAILED_PRECONDITION saying in what the runs differ (method version, machine, ranks) or that they
// share no case.
absl::StatusOr<std::vector<Compared>> Compare(const std::vector<v1::CaseResult>& first,
                                              const std::vector<v1::CaseResult>& second,
                                              const CompareOptions& options);

Table CompareTable(const std::vector<Compared>& compared);

}  // namespace basisbench
