// SPDX-License-Identifier: Apache-2.0
#include "workers/runner/live_report.h"

#include "services/base/status_macros.h"
#include "workers/measure/timer.h"
#include "workers/runner/convert.h"

namespace basisbench {
namespace {

constexpr int64_t kAnnounceEveryNs = 20'000'000;
constexpr int64_t kActivityEveryNs = 500'000'000;
constexpr int64_t kProgressEveryNs = 200'000'000;

v1::RankActivity Complete(const CaseRun& run) {
  v1::RankActivity activity = run.activity;
  const v1::Case& spec = run.resolved.spec;
  activity.set_operator_name(spec.operator_().name());
  activity.set_backend(spec.backend());
  activity.set_dtype(spec.dtype());
  const double share = static_cast<double>(activity.iterations()) / spec.ranks();
  activity.set_flops_executed(share * run.resolved.cost.flops_executed);
  activity.set_flops_effective(share * run.resolved.cost.flops_effective);
  activity.set_memory_bytes(share * run.resolved.cost.bytes_min);
  return activity;
}

}  // namespace

LiveReport::LiveReport(RunContext& context, size_t cases_total)
    : context_(context), cases_total_(cases_total), begin_ns_(SteadyNanoseconds()) {}

absl::Status LiveReport::Started(const CaseRun& run) {
  announced_ns_ = SteadyNanoseconds();
  announced_case_ = run.index();
  return context_.reporter.CaseStarted(run.index());
}

absl::Status LiveReport::StartedSample(const CaseRun& run) {
  if (announced_case_ == run.index()) return absl::OkStatus();
  const double expected_ns = 1e9 * run.warm_seconds * static_cast<double>(run.batch);
  const bool recent = SteadyNanoseconds() - announced_ns_ < kAnnounceEveryNs;
  if (recent && expected_ns < kAnnounceEveryNs) return absl::OkStatus();
  return Started(run);
}

void LiveReport::Count(CaseRun& run, int64_t iterations, double seconds) {
  run.activity.set_iterations(run.activity.iterations() + static_cast<uint64_t>(iterations));
  for (int64_t i = 0; i < iterations; ++i) run.activity.add_iteration_seconds(seconds);
}

absl::Status LiveReport::ReportActivity(absl::Span<CaseRun* const> runs, bool force) {
  const int64_t now = SteadyNanoseconds();
  if (!force && now - activity_ns_ < kActivityEveryNs) return absl::OkStatus();
  activity_ns_ = now;
  for (CaseRun* run : runs) {
    if (run->activity.iterations() == 0) continue;
    BB_RETURN_IF_ERROR(context_.reporter.Report(Complete(*run)));
    run->activity.Clear();
  }
  return ReportTraffic();
}

absl::Status LiveReport::ReportTraffic() {
  const TrafficTable now = context_.movement().traffic();
  v1::RankActivity activity;
  activity.set_backend(context_.backend);
  AppendTraffic(Difference(now, reported_), true, activity.mutable_traffic());
  reported_ = now;
  return activity.traffic_size() == 0 ? absl::OkStatus() : context_.reporter.Report(activity);
}

absl::Status LiveReport::ReportProgress(const CaseRun& run, const std::string& phase) {
  const int64_t now = SteadyNanoseconds();
  if (!context_.is_root() || now - progress_ns_ < kProgressEveryNs) return absl::OkStatus();
  progress_ns_ = now;
  v1::Progress progress;
  progress.set_case_index(run.index());
  progress.set_label(CaseLabel(run.resolved.spec));
  progress.set_phase(phase);
  progress.set_samples(static_cast<uint32_t>(run.slowest.size()));
  if (!run.slowest.empty()) progress.set_latest_seconds(run.slowest.back());
  if (run.rule) progress.set_median_seconds(run.rule->median());
  progress.set_cases_done(cases_done_);
  if (cases_done_ > 0) {
    const double per_case = SecondsBetween(begin_ns_, now) / cases_done_;
    progress.set_eta_seconds(per_case * static_cast<double>(cases_total_ - cases_done_));
  }
  return context_.reporter.Report(progress);
}

}  // namespace basisbench
