// SPDX-License-Identifier: Apache-2.0
// Two runs case by case, or two operators of one run place by place. Pure: records in, verdicts
// out.
//
// The ratio of a pair is the second median over the first; its interval divides the ends of the two
// intervals of the medians crosswise, which is wider than either's confidence says and so errs
// towards AMBIGUOUS. Where the first is the MatMul that the second was measured beside, the ratio
// and interval of their paired rounds are taken instead. With a threshold t the verdict is SLOWER
// when the interval lies above 1+t, FASTER below 1/(1+t), SAME between, AMBIGUOUS when it reaches
// across, and INVALID when either result may not be ranked.
//
// Of many pairs some intervals miss by chance. So that all of them together hold with 95 %, each is
// widened to what Bonferroni's inequality asks for: by the ratio of the normal quantiles, on the
// logarithm of the time.
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
  bool force = false;     // compare unlike runs all the same
  bool per_case = false;  // each interval holds with 95 % by itself
};

struct Compared {
  v1::CaseResult first;
  v1::CaseResult second;
  std::string verdict;
  std::optional<double> ratio;
  std::optional<double> ratio_low;
  std::optional<double> ratio_high;
  bool paired = false;  // from rounds that both were measured in
};

struct Comparison {
  std::vector<Compared> pairs;
  // Cases of one side without a partner, for people.
  std::vector<std::string> only_first;
  std::vector<std::string> only_second;

  size_t Count(const std::string& verdict) const;
};

// FAILED_PRECONDITION saying in what the runs differ (method version, machine, ranks) or that they
// share no case.
absl::StatusOr<Comparison> Compare(const std::vector<v1::CaseResult>& first,
                                   const std::vector<v1::CaseResult>& second,
                                   const CompareOptions& options);

// Two operators of the same records wherever both ran: of one comparison group and, where the
// second has a case of the first's sharding there, of that sharding. An operator is named as
// `monarch`, which takes any parameters, or with all of them. NOT_FOUND names an operator without a
// case, FAILED_PRECONDITION two that never meet.
absl::StatusOr<Comparison> CompareOperators(const std::vector<v1::CaseResult>& records,
                                            const std::string& first, const std::string& second,
                                            const CompareOptions& options);

// Fills in ratio, interval and verdict of every pair; the intervals hold together unless
// `per_case`.
void JudgePairs(const CompareOptions& options, std::vector<Compared>& pairs);

// How much wider than at 95 % an interval must be to be one of `count` that hold together.
double Widening(size_t count);

// "2.31x", with three digits below 1 as well: an operator may take a hundredth of the time.
std::string RatioText(double ratio);

Table CompareTable(const Comparison& comparison);

}  // namespace basisbench
