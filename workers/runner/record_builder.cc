// SPDX-License-Identifier: Apache-2.0
#include "workers/runner/record_builder.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "services/base/version.h"
#include "workers/measure/gpu_counters.h"
#include "workers/measure/overlap.h"
#include "workers/measure/paired_comparison.h"
#include "workers/runner/convert.h"

namespace basisbench {
namespace {

google::protobuf::Timestamp TimestampOf(absl::Time time) {
  return google::protobuf::util::TimeUtil::NanosecondsToTimestamp(absl::ToUnixNanos(time));
}

void FillOverlap(const CaseRun& run, double total, v1::Measured* overlap) {
  if (!run.compute.has_value() || !run.communication.has_value()) {
    overlap->set_note("needs compute and communication apart");
    return;
  }
  const auto ratio = OverlapRatio(total, run.compute.value(), run.communication.value());
  if (ratio) overlap->set_value(*ratio);
  overlap->set_note(ratio ? "each part measured alone" : "no communication");
}

void FillTiming(const RunContext& context, const MeasureOptions& options, const CaseRun& run,
                v1::Timing* timing) {
  const SampleSummary summary = Summarize(run.slowest);
  *timing->mutable_seconds() = SummaryMessage(summary);
  for (size_t rank = 0; rank < run.rank_seconds.size(); ++rank) {
    v1::RankSamples* samples = timing->add_samples();
    samples->set_rank(static_cast<uint32_t>(rank));
    samples->mutable_seconds()->Add(run.rank_seconds[rank].begin(), run.rank_seconds[rank].end());
  }
  timing->set_warmup_iterations(options.warmup_iterations);
  timing->set_first_iteration_seconds(run.first_iteration_seconds);
  timing->set_batch(static_cast<uint32_t>(run.batch));
  timing->set_stop_reason(run.rule->reason());
  timing->set_straggler_ratio(Median(run.straggler));
  timing->set_start_skew_seconds(Median(run.skew));
  timing->set_timer_resolution_seconds(run.timer.resolution_seconds);
  timing->set_timer_overhead_seconds(run.timer.overhead_seconds);
  timing->set_method(run.timing_method);
  *timing->mutable_host_seconds() = run.host;
  *timing->mutable_compute_seconds() = run.compute;
  *timing->mutable_communication_seconds() = run.communication;
  FillOverlap(run, summary.median, timing->mutable_overlap_ratio());
}

void FillCounted(const CaseRun& run, v1::CaseResult* record) {
  AppendTraffic(MostLoaded(run.counted_by_rank), true, record->mutable_counted());
  int64_t bytes = 0, messages = 0;
  for (const TrafficTable& table : run.counted_by_rank) {
    bytes += BytesSent(table);
    messages += MessagesSent(table);
  }
  record->set_counted_wire_bytes_total(bytes);
  record->set_counted_wire_messages_total(messages);
}

bool Comparable(const CaseRun& run) { return run.active() && !run.slowest.empty(); }

void FillComparison(const CaseRun& run, const CaseRun& baseline, v1::BaselineComparison* result) {
  result->set_baseline_index(baseline.index());
  PairedComparison comparison;
  if (Comparable(run) && Comparable(baseline)) {
    comparison = ComparePaired(baseline.slowest, run.slowest);
  }
  const absl::string_view verdict = VerdictName(comparison.verdict);
  result->set_verdict(verdict.data(), verdict.size());
  result->set_speedup(comparison.speedup);
  if (comparison.speedup_low) result->set_speedup_low(*comparison.speedup_low);
  if (comparison.speedup_high) result->set_speedup_high(*comparison.speedup_high);
  result->set_rounds(static_cast<uint32_t>(comparison.rounds));
}

void FillEnvironment(const RunContext& context, const CaseRun& run, v1::Environment* environment) {
  *environment = context.environment;
  environment->set_grid(run.plan ? run.plan->Grid() : run.resolved.spec.grid());
  for (const auto& [product, choice] : ProductChoices(context.device))
    (*environment->mutable_libraries())[product] = choice;
  auto& variables = *environment->mutable_variables();
  if (run.cold() && context.flusher) {
    variables["basisbench.cold_cache"] =
        absl::StrCat("caches emptied before each sample by writing ", context.flusher->bytes(),
                     " bytes outside the timed region");
  }
  if (run.cold() && context.gpu != nullptr && context.gpu->flusher) {
    variables["basisbench.cold_cache"] =
        absl::StrCat("the GPU's level-2 cache emptied before each sample by reading ",
                     context.gpu->flusher->bytes(), " bytes outside the timed region");
  }
}

std::string WhyNoMemoryCounters(const RunContext& context) {
  if (context.gpu == nullptr) return "hardware counters are not read";
  const absl::Status permitted = GpuCountersPermitted();
  return absl::StrCat("hardware counters are not read; of the GPU they ",
                      permitted.ok() ? "could be, the driver permits it"
                                     : absl::StrCat("could not be: ", permitted.message()));
}

}  // namespace

v1::CaseResult BuildRecord(const RunContext& context, const MeasureOptions& options,
                           const AttemptName& attempt, const CaseRun& run,
                           const CaseRun* baseline) {
  v1::CaseResult record;
  record.set_job_id(attempt.job_id);
  record.set_attempt_id(attempt.attempt_id);
  *record.mutable_case_() = run.resolved.spec;
  record.set_outcome(run.active() ? v1::OUTCOME_OK : run.outcome);
  record.set_detail(run.detail);
  record.mutable_sharding_choices()->Add(run.sharding_choices.begin(), run.sharding_choices.end());
  if (run.resolved.op != nullptr) *record.mutable_cost() = CostMessage(run.resolved.cost);
  if (!run.slowest.empty()) {
    FillTiming(context, options, run, record.mutable_timing());
    FillCounted(run, &record);
    *record.mutable_validation() = run.validation;
    const auto roofs = context.roofs.find(run.resolved.problem.dtype);
    if (roofs != context.roofs.end()) *record.mutable_roofs() = roofs->second;
    if (baseline != nullptr && baseline != &run) {
      FillComparison(run, *baseline, record.mutable_comparison());
    }
  }
  *record.mutable_energy_joules() = run.energy;
  *record.mutable_gpu_energy_joules() = run.gpu_energy;
  if (run.slowest.empty()) {
    record.mutable_energy_joules()->set_note("nothing was timed");
    record.mutable_gpu_energy_joules()->set_note("nothing was timed");
  }
  record.mutable_expressiveness()->set_note(attempt.expressiveness ? "the case did not end well"
                                                                   : "not asked for");
  record.mutable_memory_bytes()->set_note(WhyNoMemoryCounters(context));
  FillEnvironment(context, run, record.mutable_environment());
  *record.mutable_start_time() = TimestampOf(run.start_time);
  *record.mutable_end_time() = TimestampOf(absl::Now());
  record.set_shuffle_seed(options.seed);
  record.set_reproduce(ReproduceCommand(run.resolved.spec));
  return record;
}

}  // namespace basisbench
