// SPDX-License-Identifier: Apache-2.0
#include "workers/runner/measure_group.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/base/log.h"
#include "services/base/status_macros.h"
#include "workers/measure/profiler_range.h"
#include "workers/measure/shuffle.h"
#include "workers/runner/control.h"
#include "workers/runner/convert.h"
#include "workers/runner/environment.h"
#include "workers/runner/timed_body.h"

namespace basisbench {
namespace {

bool SameTraffic(const TrafficTable& total, const TrafficTable& once, int64_t times) {
  for (size_t i = 0; i < total.size(); ++i) {
    if (total[i].calls != times * once[i].calls) return false;
    if (total[i].bytes_sent != times * once[i].bytes_sent) return false;
    if (total[i].messages_sent != times * once[i].messages_sent) return false;
  }
  return true;
}

double SlowestOf(const std::vector<double>& seconds) {
  return *std::max_element(seconds.begin(), seconds.end());
}

void Crash(CaseRun& run, const absl::Status& why) {
  run.outcome = v1::OUTCOME_CRASHED;
  run.detail = std::string(why.message());
}

// One warm-up iteration: seconds of the slowest rank; 0 when the case has left.
absl::StatusOr<double> WarmUpOnce(RunContext& context, LiveReport& report, CaseRun& run,
                                  bool first) {
  // Nothing goes before the first iteration, no preparation of a clock either: the host's has none.
  const std::unique_ptr<BodyClock> host =
      first ? MakeHostClock(context, [&run] { return run.plan->Run(); }) : nullptr;
  BB_ASSIGN_OR_RETURN(const TimedBody timed,
                      TimeBody(context, first ? *host : *run.clock, run.cold(), 1));
  BB_ASSIGN_OR_RETURN(const Agreement agreed, Agree(context.world, timed.status));
  if (!agreed.verdict.ok()) {
    Crash(run, agreed.verdict);
    return 0;
  }
  if (first) {
    run.counted = timed.traffic;
    // The first iteration connects and faults pages in: its time says nothing of the others.
    for (Traffic& traffic : run.counted) traffic.seconds = 0;
  }
  if (!SameTraffic(timed.traffic, run.counted, 1)) run.counted_steadily = false;
  report.Count(run, 1, timed.seconds);
  BB_ASSIGN_OR_RETURN(const std::vector<double> all, GatherDoubles(context.world, {timed.seconds}));
  return SlowestOf(all);
}

// Folds a sample's time inside collectives into the means.
void CountSeconds(const TrafficTable& traffic, CaseRun& run) {
  run.counted_iterations += run.batch;
  for (size_t i = 0; i < traffic.size(); ++i) {
    double& mean = run.counted[i].seconds;
    const double sample = traffic[i].seconds / static_cast<double>(run.batch);
    mean += (sample - mean) * static_cast<double>(run.batch) /
            static_cast<double>(run.counted_iterations);
  }
}

// In shuffled rounds another case has just had the cache. One untimed iteration makes a hot case
// hot again; without it, its samples would change when the others have finished.
absl::Status Rewarm(RunContext& context, LiveReport& report, CaseRun& run) {
  const bool still_hot = context.last_case == run.index();
  context.last_case = run.index();
  if (still_hot || run.cold()) return absl::OkStatus();
  BB_ASSIGN_OR_RETURN(const TimedBody timed, TimeBody(context, *run.clock, false, 1));
  // One that fails here fails in the sample, too, and is dealt with there.
  if (timed.status.ok()) report.Count(run, 1, timed.seconds);
  return absl::OkStatus();
}

absl::Status TakeSample(RunContext& context, LiveReport& report, CaseRun& run) {
  BB_RETURN_IF_ERROR(report.StartedSample(run));
  BB_RETURN_IF_ERROR(Rewarm(context, report, run));
  const ProfilerRange range(run.resolved.spec.operator_().name());
  BB_ASSIGN_OR_RETURN(const TimedBody timed, TimeBody(context, *run.clock, run.cold(), run.batch));
  run.sample_seconds = timed.status.ok() ? timed.seconds : -1;
  run.sample_start = timed.start;
  if (!timed.status.ok()) {
    Log(LogLevel::kError, "runner", "an iteration failed",
        {{"case", run.index()}, {"error", timed.status.message()}});
  }
  if (!SameTraffic(timed.traffic, run.counted, run.batch)) run.counted_steadily = false;
  CountSeconds(timed.traffic, run);
  report.Count(run, run.batch, timed.seconds);
  return absl::OkStatus();
}

// Rank 0: takes a round's samples of one case, `values` being pairs (seconds, start) of each rank.
void Fold(const std::vector<std::pair<double, double>>& values, CaseRun& run) {
  double slowest = 0, fastest = values[0].first;
  double first = values[0].second, last = first;
  for (size_t rank = 0; rank < values.size(); ++rank) {
    const auto& [seconds, start] = values[rank];
    run.rank_seconds[rank].push_back(seconds);
    slowest = std::max(slowest, seconds);
    fastest = std::min(fastest, seconds);
    first = std::min(first, start);
    last = std::max(last, start);
  }
  run.slowest.push_back(slowest);
  run.straggler.push_back(fastest > 0 ? slowest / fastest : 1);
  run.skew.push_back(last - first);
  run.rule->Add(slowest, slowest * static_cast<double>(run.batch));
  run.finished = run.rule->finished();
}

// Shares a round's samples, and rank 0's decision who is finished.
absl::Status ExchangeRound(RunContext& context, const std::vector<CaseRun*>& runs) {
  std::vector<double> mine;
  for (const CaseRun* run : runs) {
    mine.push_back(run->sample_seconds);
    mine.push_back(run->sample_start);
  }
  BB_ASSIGN_OR_RETURN(const std::vector<double> all, GatherDoubles(context.world, mine));
  std::vector<double> finished;
  for (size_t i = 0; i < runs.size(); ++i) {
    std::vector<std::pair<double, double>> values;
    for (size_t at = 2 * i; at < all.size(); at += mine.size()) {
      values.emplace_back(all[at], all[at + 1]);
      if (all[at] >= 0 || !runs[i]->active()) continue;
      Crash(*runs[i], absl::InternalError(absl::StrCat("iteration failed on rank ",
                                                       at / mine.size(), "; see its log")));
    }
    if (context.is_root() && runs[i]->active()) Fold(values, *runs[i]);
    finished.push_back(runs[i]->finished ? 1 : 0);
  }
  BB_RETURN_IF_ERROR(BroadcastDoubles(context.world, absl::MakeSpan(finished)));
  for (size_t i = 0; i < runs.size(); ++i) runs[i]->finished = finished[i] != 0;
  return absl::OkStatus();
}

std::vector<CaseRun*> Unfinished(absl::Span<CaseRun* const> runs) {
  std::vector<CaseRun*> unfinished;
  for (CaseRun* run : runs) {
    if (run->active() && !run->finished) unfinished.push_back(run);
  }
  return unfinished;
}

void PrepareSamples(const RunContext& context, const MeasureOptions& options, CaseRun& run) {
  run.finished = false;
  const auto most = static_cast<size_t>(options.limits.max_samples);
  run.activity.mutable_iteration_seconds()->Reserve(static_cast<int>(most));
  if (!context.is_root()) return;
  run.rule.emplace(options.limits);
  run.rank_seconds.assign(static_cast<size_t>(context.world.size()), {});
  for (auto& seconds : run.rank_seconds) seconds.reserve(most);
  for (auto* values : {&run.slowest, &run.straggler, &run.skew}) {
    values->clear();
    values->reserve(most);
  }
}

// How the samples will be timed, known before the first.
absl::Status SettleClock(RunContext& context, CaseRun& run) {
  if (context.gpu != nullptr && run.active()) {
    BB_ASSIGN_OR_RETURN(const Agreement agreed,
                        Agree(context.world, run.clock->Prepare(run.batch)));
    if (!agreed.verdict.ok()) Crash(run, agreed.verdict);
  }
  run.timing_method = run.clock->method();
  run.timer = context.timer;
  run.timer.resolution_seconds = run.clock->resolution_seconds();
  if (!run.clock->is_host()) run.timer.overhead_seconds = context.gpu->event_overhead_seconds;
  return absl::OkStatus();
}

}  // namespace

absl::Status WarmUp(RunContext& context, const MeasureOptions& options, LiveReport& report,
                    CaseRun& run) {
  BB_RETURN_IF_ERROR(report.Started(run));
  BB_RETURN_IF_ERROR(report.ReportProgress(run, "warm-up"));
  const ProfilerRange range(absl::StrCat("warm-up ", CaseLabel(run.resolved.spec)));
  run.clock = MakeBodyClock(context, [&run] { return run.plan->Run(); });
  BB_ASSIGN_OR_RETURN(run.first_iteration_seconds, WarmUpOnce(context, report, run, true));
  run.warm_seconds = run.first_iteration_seconds;
  // The first is the host's: a GPU's clock needs one of its own to say how long a body takes.
  const uint32_t least = context.gpu != nullptr ? 2 : 1;
  for (uint32_t i = 1; i < std::max(least, options.warmup_iterations) && run.active(); ++i) {
    BB_ASSIGN_OR_RETURN(run.warm_seconds, WarmUpOnce(context, report, run, false));
  }
  // A second iteration of a batch would find its operands in the cache.
  double batch =
      run.cold()
          ? 1
          : static_cast<double>(BatchSize(run.warm_seconds, run.clock->resolution_seconds()));
  BB_RETURN_IF_ERROR(BroadcastDoubles(context.world, absl::MakeSpan(&batch, 1)));
  run.batch = static_cast<int64_t>(batch);
  return SettleClock(context, run);
}

absl::Status MeasureRounds(RunContext& context, const MeasureOptions& options, LiveReport& report,
                           absl::Span<CaseRun* const> runs) {
  const ProfilerRange range("samples");
  BeginConditions(context);
  for (CaseRun* run : runs) PrepareSamples(context, options, *run);
  for (uint64_t round = 0;; ++round) {
    const std::vector<CaseRun*> unfinished = Unfinished(runs);
    if (unfinished.empty()) break;
    const auto count = static_cast<int>(unfinished.size());
    for (int at : ShuffledOrder(count, options.seed, round)) {
      BB_RETURN_IF_ERROR(TakeSample(context, report, *unfinished[static_cast<size_t>(at)]));
    }
    BB_RETURN_IF_ERROR(ExchangeRound(context, unfinished));
    BB_RETURN_IF_ERROR(report.ReportActivity(runs));
    BB_RETURN_IF_ERROR(report.ReportProgress(*unfinished[round % unfinished.size()], "measure"));
  }
  return EndConditions(context);
}

}  // namespace basisbench
