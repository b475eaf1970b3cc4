// SPDX-License-Identifier: Apache-2.0
#include "services/base/telemetry/metric_catalogue.h"

#include <cmath>

namespace basisbench {
namespace {

constexpr MetricType kCounter = MetricType::kCounter;
constexpr MetricType kGauge = MetricType::kGauge;
constexpr MetricType kHistogram = MetricType::kHistogram;

// Written by MetricSet itself, so every process has them.
std::vector<MetricRow> ProcessRows() {
  return {
      {"basisbench_build_info",
       kGauge,
       "Always 1; the labels identify the build.",
       {"version", "method_version"},
       "both"},
      {"basisbench_log_messages_total",
       kCounter,
       "Log lines written, by level (debug, info, warning, error).",
       {"level"},
       "both"},
      {"process_cpu_seconds_total",
       kCounter,
       "User and system CPU time spent by the process.",
       {},
       "both"},
      {"process_resident_memory_bytes", kGauge, "Resident memory of the process.", {}, "both"},
      {"process_virtual_memory_bytes", kGauge, "Virtual memory of the process.", {}, "both"},
      {"process_open_fds", kGauge, "Open file descriptors.", {}, "both"},
      {"process_max_fds", kGauge, "Limit of open file descriptors.", {}, "both"},
      {"process_start_time_seconds", kGauge, "Start of the process as Unix time.", {}, "both"},
  };
}

// Events the coordinator counts as they happen, and the one total only it can keep without reading
// every job.
std::vector<MetricRow> CoordinatorEventRows() {
  return {
      {"basisbench_jobs",
       kGauge,
       "Jobs in the store, by state (queued, running, succeeded, failed, cancelled).",
       {"state"},
       "coordinator"},
      {"basisbench_jobs_submitted_total",
       kCounter,
       "Jobs accepted and durably queued.",
       {},
       "coordinator"},
      {"basisbench_jobs_refused_total",
       kCounter,
       "Submissions refused, by gRPC status code.",
       {"code"},
       "coordinator"},
      {"basisbench_jobs_finished_total",
       kCounter,
       "Jobs that ended, by state (succeeded, failed, cancelled).",
       {"state"},
       "coordinator"},
      {"basisbench_cases_finished_total",
       kCounter,
       "Cases with a durable record, by operator and outcome.",
       {"operator", "outcome"},
       "coordinator"},
      {"basisbench_attempts_started_total",
       kCounter,
       "Attempts a gang was held for.",
       {},
       "coordinator"},
      {"basisbench_attempts_finished_total",
       kCounter,
       "Attempts that ended, by reason (completed, crashed, timed_out, resource_exhausted, "
       "aborted, launch_failed, peer_lost).",
       {"end"},
       "coordinator"},
      {"basisbench_job_queue_wait_seconds",
       kHistogram,
       "Time from submission to the first attempt of a job.",
       {},
       "coordinator",
       MetricBuckets::kJob},
      {"basisbench_job_duration_seconds",
       kHistogram,
       "Time from the first attempt to the end of a job.",
       {},
       "coordinator",
       MetricBuckets::kJob},
      {"basisbench_rpc_duration_seconds",
       kHistogram,
       "Time from the arrival of a unary call to its answer, by method and status code.",
       {"method", "code"},
       "coordinator"},
      {"basisbench_store_write_seconds",
       kHistogram,
       "Time of one durable write to the store.",
       {},
       "coordinator"},
      {"basisbench_store_failures_total",
       kCounter,
       "Writes the store refused or failed.",
       {},
       "coordinator"},
      {"basisbench_worker_losses_total",
       kCounter,
       "Workers given up because their lease ran out.",
       {},
       "coordinator"},
  };
}

// What the coordinator's web part computes from its directory at each scrape. Series of a job live
// as long as the job is among those shown; the number of jobs and of cases per job is capped, so
// the series are bounded.
std::vector<MetricRow> CoordinatorStateRows() {
  return {
      {"basisbench_workers",
       kGauge,
       "Workers known, by state (ready, draining, disconnected).",
       {"state"},
       "coordinator"},
      {"basisbench_cluster_slots",
       kGauge,
       "Ranks the attached workers can hold at once.",
       {},
       "coordinator"},
      {"basisbench_cluster_slots_used",
       kGauge,
       "Ranks the attached workers hold now.",
       {},
       "coordinator"},
      {"basisbench_job_info",
       kGauge,
       "Always 1; one series for each of the newest jobs.",
       {"job_id", "name", "preset", "backend", "state"},
       "coordinator"},
      {"basisbench_job_cases", kGauge, "Cases the job expanded to.", {"job_id"}, "coordinator"},
      {"basisbench_job_cases_done",
       kGauge,
       "Cases of the job with a record.",
       {"job_id"},
       "coordinator"},
      {"basisbench_job_attempts", kGauge, "Attempts of the job so far.", {"job_id"}, "coordinator"},
      {"basisbench_job_start_timestamp_seconds",
       kGauge,
       "Start of the job's first attempt as Unix time.",
       {"job_id"},
       "coordinator"},
      {"basisbench_job_end_timestamp_seconds",
       kGauge,
       "End of the job as Unix time.",
       {"job_id"},
       "coordinator"},
      {"basisbench_result_median_seconds",
       kGauge,
       "Median time of one iteration of a case.",
       {"job_id", "case", "operator", "sharding", "ranks", "dtype", "place"},
       "coordinator"},
      {"basisbench_result_speedup_ratio",
       kGauge,
       "Median over rounds of MatMul's time divided by the case's time.",
       {"job_id", "case", "operator", "sharding", "ranks", "dtype", "place"},
       "coordinator"},
      {"basisbench_result_relative_error_ratio",
       kGauge,
       "Relative error of the case's output against float64.",
       {"job_id", "case", "operator", "sharding", "ranks", "dtype", "place"},
       "coordinator"},
      {"basisbench_result_wire_bytes",
       kGauge,
       "Counted bytes on the wire per iteration of a case, all ranks.",
       {"job_id", "case", "operator", "sharding", "ranks", "dtype", "place"},
       "coordinator"},
  };
}

// What a worker daemon records from its ranks' reports and its own work.
std::vector<MetricRow> WorkerRows() {
  return {
      {"basisbench_worker_info",
       kGauge,
       "Always 1; the labels describe the node.",
       {"worker", "device", "hostname", "cpu_model"},
       "worker"},
      {"basisbench_worker_gpu_info",
       kGauge,
       "Always 1 for each GPU or MIG instance of the worker.",
       {"gpu", "name", "uuid"},
       "worker"},
      {"basisbench_worker_attached",
       kGauge,
       "1 while the daemon holds a lease of the coordinator, else 0.",
       {},
       "worker"},
      {"basisbench_worker_attachments_total",
       kCounter,
       "Times the daemon registered with the coordinator.",
       {},
       "worker"},
      {"basisbench_worker_slots", kGauge, "Ranks this worker can hold at once.", {}, "worker"},
      {"basisbench_worker_slots_used",
       kGauge,
       "Ranks this worker holds for attempts now.",
       {},
       "worker"},
      {"basisbench_ranks_running",
       kGauge,
       "Rank processes connected to the daemon now.",
       {},
       "worker"},
      {"basisbench_launch_duration_seconds",
       kHistogram,
       "Time from starting mpirun to the first message of rank 0.",
       {},
       "worker"},
      {"basisbench_results_unacknowledged",
       kGauge,
       "Records the coordinator has not acknowledged yet.",
       {},
       "worker"},
      {"basisbench_iteration_duration_seconds",
       kHistogram,
       "Time of one timed iteration as a rank of this node saw it.",
       {"operator", "backend", "dtype"},
       "worker"},
      {"basisbench_flops_total",
       kCounter,
       "Floating-point operations executed by ranks of this node.",
       {"operator", "backend", "dtype"},
       "worker"},
      {"basisbench_effective_flops_total",
       kCounter,
       "Floating-point operations the dense product of the same maps would have taken, this node's "
       "share.",
       {"operator", "backend", "dtype"},
       "worker"},
      {"basisbench_memory_traffic_bytes_total",
       kCounter,
       "Compulsory memory traffic of the operators, this node's share.",
       {"operator", "backend", "dtype"},
       "worker"},
      {"basisbench_collective_calls_total",
       kCounter,
       "Collectives entered by ranks of this node.",
       {"collective", "backend"},
       "worker"},
      {"basisbench_collective_sent_bytes_total",
       kCounter,
       "Payload bytes sent by ranks of this node.",
       {"collective", "backend"},
       "worker"},
      {"basisbench_collective_messages_total",
       kCounter,
       "Point-to-point messages sent by ranks of this node.",
       {"collective", "backend"},
       "worker"},
      {"basisbench_collective_seconds_total",
       kCounter,
       "Time ranks of this node spent in collectives.",
       {"collective", "backend"},
       "worker"},
  };
}

std::vector<MetricRow> AllRows() {
  std::vector<MetricRow> rows;
  for (auto part : {ProcessRows(), CoordinatorEventRows(), CoordinatorStateRows(), WorkerRows()}) {
    rows.insert(rows.end(), part.begin(), part.end());
  }
  return rows;
}

}  // namespace

const std::vector<MetricRow>& MetricCatalogue() {
  static const auto* rows = new std::vector<MetricRow>(AllRows());
  return *rows;
}

const MetricRow* FindMetric(absl::string_view name) {
  for (const MetricRow& row : MetricCatalogue()) {
    if (name == row.name) return &row;
  }
  return nullptr;
}

absl::string_view MetricTypeName(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return "counter";
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kHistogram:
      return "histogram";
  }
  return "untyped";
}

std::vector<double> BucketBounds(MetricBuckets buckets) {
  const bool job = buckets == MetricBuckets::kJob;
  const double first = job ? 1e-3 : 1e-6;
  const int count = job ? 26 : 27;
  std::vector<double> bounds;
  for (int k = 0; k < count; ++k) bounds.push_back(std::ldexp(first, k));
  return bounds;
}

}  // namespace basisbench
