// SPDX-License-Identifier: Apache-2.0
// Serves the page with invented jobs, to look at it while working on it: web_preview [PORT]. One
// job keeps running.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/time/clock.h"
#include "services/base/version.h"
#include "services/coordinator/web/web_server.h"
#include "tests/fakes/fake_directory.h"

namespace basisbench {
namespace {

struct Site {
  const char* name;
  int64_t d_in;
  int64_t d_out;
  double calls;
};
constexpr Site kSites[] = {
    {"q", 768, 768, 12}, {"o", 768, 768, 12}, {"up", 768, 3072, 12}, {"down", 3072, 768, 12}};

struct Candidate {
  const char* name;
  const char* parameter;
  double speed;  // against matmul
  double flops;  // share of the dense ones
  const char* sharding;
};
constexpr Candidate kCandidates[] = {{"matmul", "", 1.0, 1.0, "column"},
                                     {"monarch", "blocks=32", 3.1, 0.07, "block"},
                                     {"wht", "", 6.4, 0.013, "butterfly"},
                                     {"fnet", "", 1.02, 0.02, "token"},
                                     {"gate", "", 21.0, 0.0013, "token"}};

google::protobuf::Timestamp Ago(double seconds) {
  google::protobuf::Timestamp time;
  time.set_seconds(absl::ToUnixSeconds(absl::Now()) - static_cast<int64_t>(seconds));
  return time;
}

v1::Job MakeJob(const std::string& id, const std::string& name, v1::JobState state, double age) {
  v1::Job job;
  job.set_id(id);
  job.set_state(state);
  job.mutable_spec()->set_name(name);
  job.mutable_spec()->mutable_model()->set_preset("gpt2-small");
  job.mutable_spec()->mutable_model()->set_sequence(512);
  job.mutable_spec()->add_ranks(2);
  job.mutable_spec()->add_dtypes("f32");
  for (const Candidate& candidate : kCandidates)
    job.mutable_spec()->add_operators()->set_name(candidate.name);
  job.set_cases_total(std::size(kSites) * std::size(kCandidates));
  *job.mutable_submit_time() = Ago(age);
  if (state != v1::JOB_STATE_QUEUED) *job.mutable_start_time() = Ago(age - 1);
  if (state >= v1::JOB_STATE_SUCCEEDED) *job.mutable_end_time() = Ago(age - 94);
  if (state != v1::JOB_STATE_QUEUED) {
    job.set_attempts(1);
    job.add_workers("node-a");
    job.add_workers("node-b");
  }
  return job;
}

void Measure(const Candidate& candidate, const Site& site, v1::CaseResult* result) {
  const double dense = 2.0 * 512 * static_cast<double>(site.d_in * site.d_out);
  const double seconds = dense / 1.1e11 / candidate.speed *
                         (1 + 0.07 * std::sin(static_cast<double>(site.d_in + site.name[0])));
  v1::Summary& summary = *result->mutable_timing()->mutable_seconds();
  summary.set_count(42);
  summary.set_median(seconds);
  summary.set_min(seconds * 0.95);
  summary.set_max(seconds * 1.3);
  summary.set_q1(seconds * 0.98);
  summary.set_q3(seconds * 1.04);
  summary.set_median_ci_low(seconds * 0.985);
  summary.set_median_ci_high(seconds * 1.022);
  result->mutable_timing()->set_stop_reason("confidence");
  result->mutable_timing()->mutable_compute_seconds()->set_value(seconds * 0.8);
  result->mutable_timing()->mutable_communication_seconds()->set_value(seconds * 0.25);
  v1::Cost& cost = *result->mutable_cost();
  cost.set_flops_effective(dense);
  cost.set_flops_executed(dense * candidate.flops);
  cost.set_bytes_min(4.0 *
                     (512.0 * (site.d_in + site.d_out) + candidate.flops * site.d_in * site.d_out));
  cost.set_parameters(static_cast<int64_t>(candidate.flops * site.d_in * site.d_out));
  result->set_counted_wire_bytes_total(
      candidate.sharding == std::string("token") ? 0 : 512 * site.d_out * 4);
  v1::CollectiveTraffic& traffic = *result->add_counted();
  traffic.set_collective("all_to_all");
  traffic.set_bytes_sent(result->counted_wire_bytes_total() / 2);
  v1::Roofs& roofs = *result->mutable_roofs();
  roofs.set_gemm_flops_per_second(1.32e11);
  roofs.set_copy_bytes_per_second(2.4e10);
  roofs.set_wire_bytes_per_second(5.1e9);
  roofs.set_wire_latency_seconds(1.4e-6);
  v1::Validation& validation = *result->mutable_validation();
  validation.set_method("freivalds");
  validation.set_relative_error(2.3e-7);
  validation.set_scaled_residual(0.4);
  validation.set_tolerance(8);
  validation.set_passed(true);
  validation.set_traffic_matches(true);
  if (candidate.name == std::string("matmul")) return;
  v1::BaselineComparison& comparison = *result->mutable_comparison();
  comparison.set_speedup(dense / 1.1e11 / seconds);
  comparison.set_speedup_low(comparison.speedup() * 0.975);
  comparison.set_speedup_high(comparison.speedup() * 1.03);
  comparison.set_rounds(42);
  comparison.set_verdict(candidate.speed > 1.1 ? "FASTER" : "SAME");
}

v1::CaseResult MakeResult(const std::string& job_id, uint32_t index) {
  const Site& site = kSites[index / std::size(kCandidates)];
  const Candidate& candidate = kCandidates[index % std::size(kCandidates)];
  v1::CaseResult result;
  result.set_job_id(job_id);
  v1::Case& work = *result.mutable_case_();
  work.set_index(index);
  work.mutable_operator_()->set_name(candidate.name);
  const std::string parameter = candidate.parameter;
  if (const size_t at = parameter.find('='); at != std::string::npos) {
    (*work.mutable_operator_()->mutable_parameters())[parameter.substr(0, at)] =
        parameter.substr(at + 1);
  }
  work.mutable_shape()->set_tokens(512);
  work.mutable_shape()->set_d_in(site.d_in);
  work.mutable_shape()->set_d_out(site.d_out);
  work.set_dtype("f32");
  work.set_direction("forward");
  work.set_cache("hot");
  work.set_sharding(candidate.sharding);
  work.set_ranks(2);
  work.set_site(site.name);
  work.set_preset("gpt2-small");
  work.set_phase("prefill");
  work.set_calls_per_layer(1);
  work.set_calls_per_model(site.calls);
  work.set_comparison_group(site.name);
  work.set_baseline(candidate.name == std::string("matmul"));
  work.set_backend("cpu_mpi");
  const bool square = site.d_in == site.d_out;
  if (!square && (candidate.name == std::string("wht") || candidate.name == std::string("gate"))) {
    result.set_outcome(v1::OUTCOME_UNSUPPORTED);
    result.set_detail(std::string(candidate.name) + " needs d_in = d_out, got " +
                      std::to_string(site.d_in) + " and " + std::to_string(site.d_out));
    return result;
  }
  Measure(candidate, site, &result);
  result.set_outcome(v1::OUTCOME_OK);
  if (index == 18) {
    result.set_outcome(v1::OUTCOME_INVALID_RESULT);
    result.set_detail("scaled residual 41.2 is above 8 at row 17");
    result.mutable_validation()->set_passed(false);
    result.mutable_comparison()->set_verdict("INVALID");
  }
  result.set_reproduce("basisbench run " + std::string(candidate.name) +
                       " --shape 512x768x768 --ranks 2 --seed 1");
  return result;
}

void Fill(FakeDirectory& directory) {
  for (const char* name : {"node-a", "node-b", "node-c"}) {
    v1::WorkerInfo worker;
    worker.set_name(name);
    worker.set_address("10.0.0." + std::to_string(name[5] - 'a' + 1));
    worker.set_state(name[5] == 'c' ? v1::WORKER_STATE_DISCONNECTED : v1::WORKER_STATE_READY);
    worker.set_slots(4);
    worker.set_slots_used(name[5] == 'c' ? 0 : 1);
    worker.set_http_port(9464);
    worker.set_version(kVersion);
    worker.mutable_inventory()->set_hostname(name);
    worker.mutable_inventory()->set_cpu_model("Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz");
    for (uint32_t cpu = 0; cpu < 8; ++cpu) worker.mutable_inventory()->add_cpus(cpu);
    worker.mutable_inventory()->set_numa_nodes(1);
    worker.mutable_inventory()->set_memory_bytes(34359738368);
    *worker.mutable_last_seen() = Ago(1);
    directory.PutWorker(worker);
  }
  v1::Job cancelled =
      MakeJob("20261124-080000-aa11", "warm-up sweep", v1::JOB_STATE_CANCELLED, 9000);
  cancelled.set_detail("cancelled by user");
  directory.PutJob(cancelled);
  v1::Job done = MakeJob("20261124-090000-bb22", "gpt2-small prefill", v1::JOB_STATE_RUNNING, 400);
  directory.PutJob(done);
  for (uint32_t i = 0; i < done.cases_total(); ++i) directory.AddResult(MakeResult(done.id(), i));
  done = directory.GetJob(done.id()).value();
  done.set_state(v1::JOB_STATE_FAILED);
  done.set_detail("1 of 20 cases ended badly: case 18 INVALID_RESULT");
  done.set_cases_ok(15);
  done.set_cases_unsupported(4);
  *done.mutable_end_time() = Ago(306);
  directory.PutJob(done);
  directory.PutJob(
      MakeJob("20261124-100000-cc33", "gpt2-small 2 ranks", v1::JOB_STATE_RUNNING, 38));
  v1::Job queued = MakeJob("20261124-101000-dd44", "llama-7b decode", v1::JOB_STATE_QUEUED, 12);
  queued.set_detail("waits for 4 free slots on 2 workers");
  directory.PutJob(queued);
}

int Run(int port) {
  FakeDirectory directory;
  Fill(directory);
  MetricSet metrics;
  HttpOptions options;
  options.port = port;
  const auto server = StartWeb(directory, metrics, options);
  if (!server.ok()) {
    std::fprintf(stderr, "%s\n", server.status().ToString().c_str());
    return 1;
  }
  std::printf("http://127.0.0.1:%d/\n", (*server)->port());
  std::fflush(stdout);
  const std::string running = "20261124-100000-cc33";
  for (uint32_t tick = 0, done = 0;; ++tick) {
    v1::Progress progress;
    progress.set_case_index(done);
    progress.set_label("monarch{blocks=32} 512x768x768 f32");
    progress.set_phase(tick % 8 < 2 ? "plan" : "measure");
    progress.set_samples(tick % 8 * 6);
    progress.set_latest_seconds(0.00213);
    progress.set_median_seconds(0.00209);
    progress.set_cases_done(done);
    progress.set_eta_seconds((20 - done) * 4);
    directory.SetProgress(running, progress);
    absl::SleepFor(absl::Milliseconds(500));
    if ((tick % 8 == 7 || done < 8) && done < 20) directory.AddResult(MakeResult(running, done++));
  }
}

}  // namespace
}  // namespace basisbench

int main(int argc, char** argv) { return basisbench::Run(argc > 1 ? std::atoi(argv[1]) : 0); }
