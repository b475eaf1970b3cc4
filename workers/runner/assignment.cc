// SPDX-License-Identifier: Apache-2.0
#include "workers/runner/assignment.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "services/base/status_macros.h"
#include "workers/operators/validation.h"
#include "workers/runner/clock_offsets.h"
#include "workers/runner/control.h"
#include "workers/runner/environment.h"
#include "workers/runner/live_report.h"
#include "workers/runner/measure_energy.h"
#include "workers/runner/measure_group.h"
#include "workers/runner/measure_parts.h"
#include "workers/runner/options.h"
#include "workers/runner/plan_group.h"
#include "workers/runner/record_builder.h"
#include "workers/runner/roofs.h"
#include "workers/runner/scores.h"
#include "workers/runner/sharding_choice.h"
#include "workers/runner/validate_case.h"

namespace basisbench {
namespace {

class Attempt {
 public:
  Attempt(RunContext& context, const v1::Assignment& assignment)
      : context_(context),
        name_{assignment.job_id(), assignment.attempt_id(), assignment.expressiveness()},
        options_(OptionsOf(assignment.measurement())),
        report_(context, static_cast<size_t>(assignment.cases_size())) {}

  absl::Status RunGroup(Group& group);

 private:
  absl::Status Choose(int64_t memory_bytes, CaseRun& run);
  absl::Status RunPart(absl::Span<CaseRun* const> part);
  absl::Status Prepare(CaseRun& run);
  absl::Status Finish(CaseRun& run);
  absl::Status GatherCounted(CaseRun& run);
  absl::Status NeedRoofs(const CaseRun& run);
  absl::Status NeedScores(const CaseRun& run);
  absl::Status Record(CaseRun& run, const CaseRun* baseline);

  RunContext& context_;
  const AttemptName name_;
  const MeasureOptions options_;
  LiveReport report_;
  Scores scores_;
};

absl::Status Attempt::RunGroup(Group& group) {
  BB_ASSIGN_OR_RETURN(const auto limits,
                      GatherDoubles(context_.world, {static_cast<double>(context_.memory_bytes)}));
  double smallest = 0;
  for (double limit : limits) {
    if (limit > 0 && (smallest == 0 || limit < smallest)) smallest = limit;
  }
  const auto memory_bytes = static_cast<int64_t>(smallest);
  ResolveGroup(context_, options_, group);
  for (const auto& run : group) {
    if (run->active()) BB_RETURN_IF_ERROR(Choose(memory_bytes, *run));
    if (!run->active()) BB_RETURN_IF_ERROR(Record(*run, nullptr));
  }
  for (const auto& part : SplitByMemory(group, memory_bytes)) {
    BB_RETURN_IF_ERROR(RunPart(part));
  }
  return absl::OkStatus();
}

// Takes the sharding of a case that leaves it open. Rank 0 decides, so that ranks can never
// disagree about a figure that comes from a clock.
absl::Status Attempt::Choose(int64_t memory_bytes, CaseRun& run) {
  ResolvedCase& resolved = run.resolved;
  if (resolved.options.empty()) return absl::OkStatus();
  RefuseAboveMemory(memory_bytes, &resolved.options);
  const bool none = std::none_of(resolved.options.begin(), resolved.options.end(),
                                 [](const ShardingOption& option) { return option.refusal.ok(); });
  if (none) {
    Leave(run, NoneCanRun(resolved.spec.operator_().name(), resolved.options));
    run.sharding_choices = ShardingChoices(resolved.options, nullptr);
    return absl::OkStatus();
  }
  BB_RETURN_IF_ERROR(report_.Started(run));
  BB_RETURN_IF_ERROR(NeedRoofs(run));
  run.sharding_choices = ShardingChoices(resolved.options, &context_.roofs[resolved.problem.dtype]);
  auto chosen = static_cast<double>(ChooseSharding(run.sharding_choices).value_or(0));
  BB_RETURN_IF_ERROR(BroadcastDoubles(context_.world, absl::MakeSpan(&chosen, 1)));
  TakeOption(static_cast<size_t>(chosen), &resolved);
  return absl::OkStatus();
}

absl::Status Attempt::Prepare(CaseRun& run) {
  if (!run.recorded) run.start_time = absl::Now();
  BB_RETURN_IF_ERROR(report_.Started(run));
  BB_RETURN_IF_ERROR(report_.ReportProgress(run, "plan"));
  BB_RETURN_IF_ERROR(PlanCase(context_, run));
  if (!run.active()) return absl::OkStatus();
  // What an iteration leaves unwritten must not look like a result.
  const absl::Status poisoned = context_.shards().Poison(run.plan->Outputs());
  BB_ASSIGN_OR_RETURN(const Agreement agreed, Agree(context_.world, poisoned));
  BB_RETURN_IF_ERROR(agreed.verdict);
  return WarmUp(context_, options_, report_, run);
}

absl::Status Attempt::Finish(CaseRun& run) {
  if (!run.active() || run.recorded) return absl::OkStatus();
  BB_RETURN_IF_ERROR(report_.Started(run));
  BB_RETURN_IF_ERROR(report_.ReportProgress(run, "validate"));
  BB_RETURN_IF_ERROR(GatherCounted(run));
  BB_RETURN_IF_ERROR(ValidateOutput(context_, options_, run));
  BB_RETURN_IF_ERROR(MeasureParts(context_, run));
  BB_RETURN_IF_ERROR(MeasureEnergy(context_, run));
  return ValidateExactly(context_, options_, run);
}

absl::Status Attempt::NeedRoofs(const CaseRun& run) {
  const Dtype dtype = run.resolved.problem.dtype;
  if (context_.roofs.count(dtype) > 0) return absl::OkStatus();
  BB_RETURN_IF_ERROR(report_.ReportProgress(run, "roofs"));
  BB_ASSIGN_OR_RETURN(context_.roofs[dtype], MeasureRoofs(context_, dtype));
  return absl::OkStatus();
}

absl::Status Attempt::NeedScores(const CaseRun& run) {
  if (!name_.expressiveness || !run.active() || run.recorded) return absl::OkStatus();
  BB_RETURN_IF_ERROR(report_.ReportProgress(run, "scores"));
  return scores_.Add(context_.world, *run.resolved.op, run.resolved.problem);
}

absl::Status Attempt::Record(CaseRun& run, const CaseRun* baseline) {
  run.recorded = true;
  report_.CaseRecorded();
  if (!context_.is_root()) return absl::OkStatus();
  v1::CaseResult record = BuildRecord(context_, options_, name_, run, baseline);
  if (run.resolved.op != nullptr) scores_.Fill(*run.resolved.op, run.resolved.problem, &record);
  return context_.reporter.Report(record);
}

absl::Status Attempt::GatherCounted(CaseRun& run) {
  std::vector<double> mine;
  for (const Traffic& traffic : run.counted) {
    mine.push_back(static_cast<double>(traffic.calls));
    mine.push_back(static_cast<double>(traffic.bytes_sent));
    mine.push_back(static_cast<double>(traffic.messages_sent));
    mine.push_back(traffic.seconds);
  }
  BB_ASSIGN_OR_RETURN(const std::vector<double> all, GatherDoubles(context_.world, mine));
  run.counted_by_rank.assign(static_cast<size_t>(context_.world.size()), TrafficTable{});
  for (size_t i = 0; i < all.size() / 4; ++i) {
    Traffic& traffic = run.counted_by_rank[i / kCollectiveCount][i % kCollectiveCount];
    traffic.calls = static_cast<int64_t>(all[4 * i]);
    traffic.bytes_sent = static_cast<int64_t>(all[4 * i + 1]);
    traffic.messages_sent = static_cast<int64_t>(all[4 * i + 2]);
    traffic.seconds = all[4 * i + 3];
  }
  return absl::OkStatus();
}

absl::Status Attempt::RunPart(absl::Span<CaseRun* const> part) {
  const CaseRun* baseline = nullptr;
  for (CaseRun* run : part) {
    if (run->resolved.spec.baseline() && baseline == nullptr) baseline = run;
    if (run->active()) BB_RETURN_IF_ERROR(Prepare(*run));
  }
  BB_RETURN_IF_ERROR(MeasureRounds(context_, options_, report_, part));
  for (CaseRun* run : part) BB_RETURN_IF_ERROR(Finish(*run));
  for (CaseRun* run : part) {
    if (run->finished) BB_RETURN_IF_ERROR(NeedRoofs(*run));
  }
  for (CaseRun* run : part) BB_RETURN_IF_ERROR(NeedScores(*run));
  BB_RETURN_IF_ERROR(report_.ReportActivity(part, /*force=*/true));
  for (CaseRun* run : part) {
    if (!run->recorded) BB_RETURN_IF_ERROR(Record(*run, baseline));
  }
  for (CaseRun* run : part) {
    run->clock.reset();
    run->plan.reset();
    run->operands.reset();
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status RunAssignment(RunContext& context, const v1::Assignment& assignment) {
  context.timer = MeasureTimer();
  BB_ASSIGN_OR_RETURN(context.clock_offsets, MeasureClockOffsets(context.world));
  BB_ASSIGN_OR_RETURN(context.environment, GatherEnvironment(context));
  Attempt attempt(context, assignment);
  for (Group& group : GroupCases(assignment)) BB_RETURN_IF_ERROR(attempt.RunGroup(group));
  BB_RETURN_IF_ERROR(context.world.Barrier());
  return context.reporter.Done();
}

}  // namespace basisbench
