// SPDX-License-Identifier: Apache-2.0
// Decides when a case has been sampled enough. Fed with numbers, asks no clock. Belongs to one
// thread; Add does not allocate.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace basisbench {

struct StoppingLimits {
  int64_t min_samples = 10;
  int64_t max_samples = 1000;
  double min_seconds = 0.5;
  double max_seconds = 15;
  double target_relative_ci = 0.02;  // half-width of the median's interval over the median
};

class StoppingRule {
 public:
  explicit StoppingRule(const StoppingLimits& limits);

  // One sample: seconds per iteration, and the time that measuring it took (more when iterations
  // are batched).
  void Add(double seconds, double measured_seconds);

  bool finished() const { return !reason_.empty(); }

  // "confidence", or the limit that was hit and every criterion that was not met, e.g.
  // "max_samples 1000: min_time not met (0.2 of 0.5 s)". Empty while not finished.
  const std::string& reason() const { return reason_; }

  int64_t count() const { return static_cast<int64_t>(sorted_.size()); }
  double median() const;  // 0 before the first sample
  double measured_seconds() const { return measured_seconds_; }
  // Infinite below 6 samples.
  double RelativeHalfWidth() const;

 private:
  std::string UnmetCriteria() const;

  StoppingLimits limits_;
  std::vector<double> sorted_;
  double measured_seconds_ = 0;
  std::string reason_;
};

}  // namespace basisbench
