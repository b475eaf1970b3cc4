// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/probe.h"

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"
#include "services/coordinator/store_rows.h"

namespace basisbench {
namespace {

// "JOB_STATE_FAILED" without its prefix, in lower case: "failed".
std::string Word(const std::string& name, absl::string_view prefix) {
  return absl::AsciiStrToLower(name.substr(prefix.size()));
}

double SecondsBetween(const google::protobuf::Timestamp& from,
                      const google::protobuf::Timestamp& to) {
  return static_cast<double>(NanosFromTimestamp(to) - NanosFromTimestamp(from)) * 1e-9;
}

}  // namespace

CoordinatorProbe::CoordinatorProbe(MetricSet& metrics)
    : metrics_(metrics),
      submitted_(metrics.Counter("basisbench_jobs_submitted_total")),
      attempts_started_(metrics.Counter("basisbench_attempts_started_total")),
      workers_lost_(metrics.Counter("basisbench_worker_losses_total")),
      store_failures_(metrics.Counter("basisbench_store_failures_total")),
      store_write_(metrics.Histogram("basisbench_store_write_seconds")),
      queue_wait_(metrics.Histogram("basisbench_job_queue_wait_seconds")),
      duration_(metrics.Histogram("basisbench_job_duration_seconds")),
      queued_(metrics.Gauge("basisbench_jobs", {{"state", "queued"}})),
      running_(metrics.Gauge("basisbench_jobs", {{"state", "running"}})) {}

void CoordinatorProbe::JobRefused(const absl::Status& status) {
  const std::string code = absl::AsciiStrToLower(absl::StatusCodeToString(status.code()));
  metrics_.Counter("basisbench_jobs_refused_total", {{"code", code}}).Increment();
}

void CoordinatorProbe::JobStarted(const v1::Job& job) {
  if (job.attempts() == 1) queue_wait_.Observe(SecondsBetween(job.submit_time(), job.start_time()));
}

void CoordinatorProbe::JobEnded(const v1::Job& job) {
  const std::string state = Word(v1::JobState_Name(job.state()), "JOB_STATE_");
  metrics_.Counter("basisbench_jobs_finished_total", {{"state", state}}).Increment();
  if (job.has_start_time()) duration_.Observe(SecondsBetween(job.start_time(), job.end_time()));
}

void CoordinatorProbe::CaseRecorded(const v1::CaseResult& result) {
  const std::string outcome = Word(v1::Outcome_Name(result.outcome()), "OUTCOME_");
  metrics_
      .Counter("basisbench_cases_finished_total",
               {{"operator", result.case_().operator_().name()}, {"outcome", outcome}})
      .Increment();
}

void CoordinatorProbe::AttemptEnded(v1::AttemptEnd ending) {
  const std::string end = Word(v1::AttemptEnd_Name(ending), "ATTEMPT_END_");
  metrics_.Counter("basisbench_attempts_finished_total", {{"end", end}}).Increment();
}

void CoordinatorProbe::StoreWritten(absl::Duration took, const absl::Status& status) {
  store_write_.Observe(absl::ToDoubleSeconds(took));
  if (!status.ok()) store_failures_.Increment();
}

void CoordinatorProbe::SetJobs(size_t queued, size_t running) {
  queued_.Set(static_cast<double>(queued));
  running_.Set(static_cast<double>(running));
}

}  // namespace basisbench
