// SPDX-License-Identifier: Apache-2.0
// measuring_bench: the time that measuring adds to each sample, as the runner takes samples. The
// body notes when it begins and ends; what lies between the ends and the next beginnings is the
// cost of measuring. Prints a line of the table of `./dev bench`: the body alone, from one
// beginning to the next, their ratio.
#include <iostream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "tests/bench/paired.h"
#include "tests/fakes/wrapped_operator.h"
#include "workers/measure/statistics.h"
#include "workers/measure/timer.h"
#include "workers/runner/local_run.h"

namespace basisbench {
namespace {

constexpr uint32_t kSamples = 1000;
constexpr uint32_t kWarmups = 3;
constexpr int kRounds = 7;

struct Moment {
  int64_t begin_ns;
  int64_t end_ns;
};

// Of each iteration, in order.
std::vector<Moment>& Moments() {
  static auto& moments = *new std::vector<Moment>();
  return moments;
}

std::unique_ptr<Plan> Note(std::unique_ptr<Plan> plan, const Problem&) {
  return std::make_unique<WrappedPlan>(std::move(plan), [](Plan& inner) {
    const int64_t begin = SteadyNanoseconds();
    const absl::Status status = inner.Run();
    Moments().push_back({begin, SteadyNanoseconds()});
    return status;
  });
}

const RegisterOperator kNoted(std::make_unique<WrappedOperator>("noted_wht", "wht", Note));

v1::Assignment Work() {
  v1::Assignment assignment;
  v1::Case& one = *assignment.add_cases();
  one.mutable_operator_()->set_name("noted_wht");
  one.mutable_shape()->set_tokens(4096);
  one.mutable_shape()->set_d_in(1024);
  one.mutable_shape()->set_d_out(1024);
  one.set_sharding("token");
  one.set_ranks(1);
  v1::MeasurementOptions& options = *assignment.mutable_measurement();
  options.set_min_samples(kSamples);
  options.set_max_samples(kSamples);
  options.set_warmup_iterations(kWarmups);
  options.set_skip_validation(true);
  return assignment;
}

// Medians over the samples of one attempt.
absl::Status Measure(Comparison& comparison) {
  Moments().clear();
  Moments().reserve(10 * kSamples);
  absl::Status outcome = absl::InternalError("no record");
  BB_RETURN_IF_ERROR(RunLocally({}, Work(), [&](const v1::CaseResult& result) {
    outcome = result.outcome() == v1::OUTCOME_OK ? absl::OkStatus()
                                                 : absl::InternalError(result.detail());
  }));
  BB_RETURN_IF_ERROR(outcome);
  if (Moments().size() < kWarmups + kSamples)
    return absl::InternalError(absl::StrCat("only ", Moments().size(), " iterations ran"));
  std::vector<double> bodies, periods;
  for (size_t i = kWarmups; i + 1 < kWarmups + kSamples; ++i) {
    const Moment& moment = Moments()[i];
    bodies.push_back(1e-9 * static_cast<double>(moment.end_ns - moment.begin_ns));
    periods.push_back(1e-9 * static_cast<double>(Moments()[i + 1].begin_ns - moment.begin_ns));
  }
  comparison.ours_seconds.push_back(Median(periods));
  comparison.theirs_seconds.push_back(Median(bodies));
  return absl::OkStatus();
}

absl::Status RunAll() {
  Comparison comparison{.ours = "wht f32 4096x1024x1024, from sample to sample",
                        .theirs = "its body alone"};
  comparison.figure = Figure::kTime;
  comparison.aim = 1.01;
  for (int round = 0; round < kRounds; ++round) BB_RETURN_IF_ERROR(Measure(comparison));
  PrintHead();
  PrintComparison(comparison);
  return absl::OkStatus();
}

}  // namespace
}  // namespace basisbench

int main() {
  const absl::Status outcome = basisbench::RunAll();
  if (!outcome.ok()) std::cerr << outcome << "\n";
  return outcome.ok() ? 0 : 1;
}
