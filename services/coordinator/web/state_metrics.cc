// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/web/state_metrics.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "services/coordinator/web/json_routes.h"

namespace basisbench {
namespace {

constexpr int kJobsShown = 20;
constexpr int kCasesShown = 100;

double Seconds(const google::protobuf::Timestamp& time) {
  return static_cast<double>(time.seconds()) + time.nanos() * 1e-9;
}

std::string Lower(const std::string& name, size_t prefix) {
  return absl::AsciiStrToLower(name.substr(prefix));
}

std::string OperatorLabel(const v1::OperatorSpec& spec) {
  std::string text;
  const std::map<std::string, std::string> sorted(spec.parameters().begin(),
                                                  spec.parameters().end());
  for (const auto& [key, value] : sorted)
    absl::StrAppend(&text, text.empty() ? "" : ",", key, "=", value);
  return text.empty() ? spec.name() : absl::StrCat(spec.name(), "{", text, "}");
}

MetricLabels CaseLabels(const v1::CaseResult& result) {
  const v1::Case& work = result.case_();
  const std::string shape =
      absl::StrCat(work.shape().tokens(), "x", work.shape().d_in(), "x", work.shape().d_out());
  return {{"job_id", result.job_id()},
          {"case", absl::StrCat(work.index())},
          {"operator", OperatorLabel(work.operator_())},
          {"sharding", work.sharding()},
          {"ranks", absl::StrCat(work.ranks())},
          {"dtype", work.dtype()},
          {"place", work.site().empty() ? shape : absl::StrCat(work.site(), " ", shape)}};
}

}  // namespace

void StateMetrics::Refresh() {
  Values values;
  AddWorkers(&values);
  AddJobs(&values);
  for (const auto& [series, value] : values) metrics_.Gauge(series.first, series.second).Set(value);
  for (const auto& [series, value] : shown_) {
    if (values.count(series) == 0) metrics_.Remove(series.first, series.second);
  }
  shown_ = std::move(values);
}

void StateMetrics::AddWorkers(Values* values) {
  const absl::StatusOr<v1::ListWorkersResponse> workers = AllWorkers(directory_);
  if (!workers.ok()) return;
  std::map<std::string, double> by_state = {{"ready", 0}, {"draining", 0}, {"disconnected", 0}};
  double slots = 0;
  double used = 0;
  for (const v1::WorkerInfo& worker : workers->workers()) {
    ++by_state[Lower(v1::WorkerState_Name(worker.state()), sizeof("WORKER_STATE_") - 1)];
    if (worker.state() == v1::WORKER_STATE_DISCONNECTED) continue;
    slots += worker.slots();
    used += worker.slots_used();
  }
  for (const auto& [state, count] : by_state)
    (*values)[{"basisbench_workers", {{"state", state}}}] = count;
  (*values)[{"basisbench_cluster_slots", {}}] = slots;
  (*values)[{"basisbench_cluster_slots_used", {}}] = used;
}

void StateMetrics::AddJobs(Values* values) {
  v1::ListJobsRequest request;
  request.set_page_size(kJobsShown);
  const absl::StatusOr<v1::ListJobsResponse> jobs = directory_.ListJobs(request);
  if (!jobs.ok()) return;
  std::map<std::string, CachedResults> kept;
  for (const v1::Job& job : jobs->jobs()) {
    const MetricLabels id = {{"job_id", job.id()}};
    MetricLabels info = id;
    info["name"] = job.spec().name();
    info["preset"] = job.spec().model().preset();
    info["backend"] = job.spec().backend();
    info["state"] = Lower(v1::JobState_Name(job.state()), sizeof("JOB_STATE_") - 1);
    (*values)[{"basisbench_job_info", info}] = 1;
    (*values)[{"basisbench_job_cases", id}] = job.cases_total();
    (*values)[{"basisbench_job_cases_done", id}] = job.cases_done();
    (*values)[{"basisbench_job_attempts", id}] = job.attempts();
    if (job.has_start_time()) {
      (*values)[{"basisbench_job_start_timestamp_seconds", id}] = Seconds(job.start_time());
    }
    if (job.has_end_time())
      (*values)[{"basisbench_job_end_timestamp_seconds", id}] = Seconds(job.end_time());
    AddResults(job, &kept, values);
  }
  cache_ = std::move(kept);
}

void StateMetrics::AddResults(const v1::Job& job, std::map<std::string, CachedResults>* kept,
                              Values* values) {
  if (job.cases_done() == 0) return;
  CachedResults& cached = (*kept)[job.id()] = std::move(cache_[job.id()]);
  if (cached.cases_done != job.cases_done()) {
    v1::ListResultsRequest request;
    request.set_job_id(job.id());
    request.set_page_size(kCasesShown);
    request.set_omit_samples(true);
    absl::StatusOr<v1::ListResultsResponse> page = directory_.ListResults(request);
    if (page.ok()) {
      cached.cases_done = job.cases_done();
      cached.results.assign(page->results().begin(), page->results().end());
    }
  }
  for (const v1::CaseResult& result : cached.results) {
    if (result.outcome() != v1::OUTCOME_OK) continue;
    const MetricLabels labels = CaseLabels(result);
    (*values)[{"basisbench_result_median_seconds", labels}] = result.timing().seconds().median();
    (*values)[{"basisbench_result_relative_error_ratio", labels}] =
        result.validation().relative_error();
    (*values)[{"basisbench_result_wire_bytes", labels}] =
        static_cast<double>(result.counted_wire_bytes_total());
    if (result.has_comparison()) {
      (*values)[{"basisbench_result_speedup_ratio", labels}] = result.comparison().speedup();
    }
  }
}

}  // namespace basisbench
