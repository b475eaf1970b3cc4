// SPDX-License-Identifier: Apache-2.0
// measuring_bench: the time that measuring adds to each sample, as the runner takes samples: one
// attempt on a local rank with many samples of a body of about a millisecond against one with few.
// What is left of the difference in wall time after the samples themselves is the cost of
// measuring. Prints a line of the table of `./dev bench`: the body alone, the body with that cost,
// their ratio.
#include <chrono>
#include <cstdio>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "tests/bench/paired.h"
#include "workers/runner/local_run.h"

namespace basisbench {
namespace {

// The fixed parts of an attempt vary by some tens of milliseconds: over so many samples, by less
// than the aim.
constexpr uint32_t kFew = 100, kMany = 3000;
constexpr int kRounds = 7;

v1::Assignment SamplesOf(uint32_t samples) {
  v1::Assignment assignment;
  v1::Case& one = *assignment.add_cases();
  one.mutable_operator_()->set_name("wht");
  one.mutable_shape()->set_tokens(2048);
  one.mutable_shape()->set_d_in(1024);
  one.mutable_shape()->set_d_out(1024);
  one.set_dtype("f32");
  one.set_sharding("token");
  one.set_ranks(1);
  one.set_baseline(true);
  one.set_direction("forward");
  one.set_cache("hot");
  one.set_input("normal");
  v1::MeasurementOptions& options = *assignment.mutable_measurement();
  options.set_min_samples(samples);
  options.set_max_samples(samples);
  options.set_warmup_iterations(3);
  options.set_skip_validation(true);
  options.mutable_max_time()->set_seconds(60);
  return assignment;
}

struct Attempt {
  double wall = 0;     // seconds
  double samples = 0;  // seconds of all samples together
  size_t count = 0;
};

absl::StatusOr<Attempt> Run(uint32_t samples) {
  Attempt attempt;
  std::string failure = "no record";
  const auto begin = std::chrono::steady_clock::now();
  BB_RETURN_IF_ERROR(RunLocally({}, SamplesOf(samples), [&](const v1::CaseResult& result) {
    failure = result.outcome() == v1::OUTCOME_OK ? "" : result.detail();
    for (const v1::RankSamples& rank : result.timing().samples()) {
      attempt.count += static_cast<size_t>(rank.seconds_size());
      for (const double seconds : rank.seconds()) attempt.samples += seconds;
    }
  }));
  attempt.wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (failure.empty() && attempt.count == samples) return attempt;
  return absl::InternalError(absl::StrCat(attempt.count, " of ", samples, " samples; ", failure));
}

absl::Status RunAll() {
  Comparison comparison{.ours = "wht f32 2048x1024x1024 as the runner samples it",
                        .theirs = "its samples alone"};
  comparison.figure = Figure::kTime;
  comparison.aim = 1.01;
  for (int round = 0; round < kRounds; ++round) {
    BB_ASSIGN_OR_RETURN(const Attempt few, Run(kFew));
    BB_ASSIGN_OR_RETURN(const Attempt many, Run(kMany));
    const double more = kMany - kFew;
    comparison.ours_seconds.push_back((many.wall - few.wall) / more);
    comparison.theirs_seconds.push_back((many.samples - few.samples) / more);
  }
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
