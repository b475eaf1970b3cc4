// SPDX-License-Identifier: Apache-2.0
#include "workers/measure/stopping_rule.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "workers/measure/statistics.h"

namespace basisbench {

StoppingRule::StoppingRule(const StoppingLimits& limits) : limits_(limits) {
  limits_.max_samples = std::max<int64_t>(1, limits_.max_samples);
  sorted_.reserve(static_cast<size_t>(limits_.max_samples));
}

void StoppingRule::Add(double seconds, double measured_seconds) {
  sorted_.insert(std::upper_bound(sorted_.begin(), sorted_.end(), seconds), seconds);
  measured_seconds_ += measured_seconds;
  const bool samples_used_up = count() >= limits_.max_samples;
  const bool time_used_up = measured_seconds_ >= limits_.max_seconds;
  // The criteria cost more to look at than the two counters; nothing can end below the least
  // samples and time.
  const bool may_be_confident =
      count() >= limits_.min_samples && measured_seconds_ >= limits_.min_seconds;
  if (!samples_used_up && !time_used_up && !may_be_confident) return;
  const std::string unmet = UnmetCriteria();
  if (unmet.empty()) {
    reason_ = "confidence";
  } else if (samples_used_up) {
    reason_ = absl::StrCat("max_samples ", limits_.max_samples, ": ", unmet);
  } else if (time_used_up) {
    reason_ = absl::StrCat("max_time ", limits_.max_seconds, " s: ", unmet);
  }
}

double StoppingRule::median() const { return sorted_.empty() ? 0 : SortedQuantile(sorted_, 0.5); }

double StoppingRule::RelativeHalfWidth() const {
  const auto interval = MedianInterval95(sorted_);
  const double middle = median();
  if (!interval || middle <= 0) return std::numeric_limits<double>::infinity();
  return (interval->high - interval->low) / 2 / middle;
}

std::string StoppingRule::UnmetCriteria() const {
  std::vector<std::string> unmet;
  if (count() < limits_.min_samples) {
    unmet.push_back(
        absl::StrCat("min_samples not met (", count(), " of ", limits_.min_samples, ")"));
  }
  if (measured_seconds_ < limits_.min_seconds) {
    unmet.push_back(
        absl::StrCat("min_time not met (", measured_seconds_, " of ", limits_.min_seconds, " s)"));
  }
  const double half_width = RelativeHalfWidth();
  if (half_width > limits_.target_relative_ci) {
    unmet.push_back(absl::StrCat("confidence not met (half-width ", half_width, " above ",
                                 limits_.target_relative_ci, ")"));
  }
  return absl::StrJoin(unmet, "; ");
}

}  // namespace basisbench
