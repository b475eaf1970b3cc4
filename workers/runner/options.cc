// SPDX-License-Identifier: Apache-2.0
#include "workers/runner/options.h"

#include <algorithm>

namespace basisbench {
namespace {

constexpr uint32_t kMostSamples = 10'000;

double Seconds(const google::protobuf::Duration& duration) {
  return static_cast<double>(duration.seconds()) + 1e-9 * duration.nanos();
}

}  // namespace

MeasureOptions OptionsOf(const v1::MeasurementOptions& options) {
  MeasureOptions result;
  StoppingLimits& limits = result.limits;
  if (options.min_samples() > 0) limits.min_samples = options.min_samples();
  if (options.max_samples() > 0) limits.max_samples = options.max_samples();
  limits.max_samples = std::min<int64_t>(limits.max_samples, kMostSamples);
  limits.min_samples = std::min(limits.min_samples, limits.max_samples);
  if (Seconds(options.min_time()) > 0) limits.min_seconds = Seconds(options.min_time());
  if (Seconds(options.max_time()) > 0) limits.max_seconds = Seconds(options.max_time());
  if (options.target_relative_ci() > 0) limits.target_relative_ci = options.target_relative_ci();
  if (options.warmup_iterations() > 0) result.warmup_iterations = options.warmup_iterations();
  if (options.seed() > 0) result.seed = options.seed();
  if (Seconds(options.case_timeout()) > 0) {
    result.case_timeout = absl::Seconds(Seconds(options.case_timeout()));
  }
  result.skip_validation = options.skip_validation();
  return result;
}

}  // namespace basisbench
