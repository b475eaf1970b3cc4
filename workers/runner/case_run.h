// SPDX-License-Identifier: Apache-2.0
// One case while it is being executed on one rank: filled step by step by planning, measuring and
// validating, read by the record builder. Plain data; one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "basisbench/v1/job.pb.h"
#include "basisbench/v1/result.pb.h"
#include "basisbench/v1/runner.pb.h"
#include "workers/measure/body_clock.h"
#include "workers/measure/stopping_rule.h"
#include "workers/measure/timer.h"
#include "workers/operators/operands.h"
#include "workers/runner/resolve_case.h"

namespace basisbench {

// MeasurementOptions with every default filled in.
struct MeasureOptions {
  StoppingLimits limits;
  uint32_t warmup_iterations = 3;
  uint64_t seed = 1;
  absl::Duration case_timeout = absl::Seconds(120);
  bool skip_validation = false;
};

struct CaseRun {
  ResolvedCase resolved;
  absl::Time start_time;

  // Set when the case leaves before its end; the detail says why.
  v1::Outcome outcome = v1::OUTCOME_UNSPECIFIED;
  std::string detail;
  bool recorded = false;  // runs again only for others to be compared with

  // What there was to choose from; empty where the sharding was named.
  std::vector<v1::ShardingChoice> sharding_choices;

  std::unique_ptr<SeededOperands> operands;
  std::unique_ptr<Plan> plan;
  std::unique_ptr<BodyClock> clock;  // of the plan, which outlives it

  // Measuring, same on every rank.
  int64_t batch = 1;
  double first_iteration_seconds = 0;
  double warm_seconds = 0;  // last warm-up iteration, slowest rank
  bool finished = false;
  TimerProperties timer;      // of the clock that takes the samples
  std::string timing_method;  // its BodyClock::method

  // This rank's latest sample.
  double sample_seconds = 0;  // per iteration; negative when the body failed
  double sample_start = 0;    // rank 0's clock
  TrafficTable counted{};     // per iteration; seconds are the mean over the samples
  int64_t counted_iterations = 0;
  bool counted_steadily = true;

  // On rank 0.
  std::optional<StoppingRule> rule;
  std::vector<std::vector<double>> rank_seconds;  // [rank][round]
  std::vector<double> slowest, straggler, skew;   // [round]
  std::vector<TrafficTable> counted_by_rank;
  v1::Measured compute, communication, host, energy, gpu_energy;
  v1::Validation validation;

  v1::RankActivity activity;  // since the last report

  bool active() const { return outcome == v1::OUTCOME_UNSPECIFIED; }
  uint32_t index() const { return resolved.spec.index(); }
  bool cold() const { return resolved.spec.cache() == "cold"; }
};

}  // namespace basisbench
