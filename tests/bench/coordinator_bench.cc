// SPDX-License-Identifier: Apache-2.0
// What the coordinator takes: durable submissions per second, their latency, its memory per job and
// per worker, and the cost of a scheduling decision, each against the size of the cluster and of
// the queue. Workers are real gRPC streams of one process; their answers and the clients share the
// machine with the coordinator, so that everything here is a lower bound.
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "basisbench/v1/job.grpc.pb.h"
#include "basisbench/v1/worker.grpc.pb.h"
#include "services/base/log.h"
#include "services/coordinator/coordinator.h"
#include "services/coordinator/scheduler.h"

namespace basisbench {
namespace {

constexpr int kChannels = 4;
constexpr int kClients = 64;

// Resident bytes of this process, freed ones returned.
int64_t ResidentBytes() {
  malloc_trim(0);
  std::ifstream statm("/proc/self/statm");
  int64_t size = 0;
  int64_t resident = 0;
  statm >> size >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

v1::OperatorCatalogue Offered() {
  v1::OperatorCatalogue catalogue;
  v1::OperatorInfo& matmul = *catalogue.add_operators();
  matmul.set_name("matmul");
  matmul.set_axis("channel");
  matmul.add_shardings("token");
  matmul.add_dtypes("f32");
  matmul.add_directions("forward");
  catalogue.add_backends("cpu_mpi");
  catalogue.set_build("bench");
  return catalogue;
}

// One worker of one slot: registers, keeps its lease, answers questions about cases, prepares what
// it is asked to, and never finishes anything, so that the queue only grows.
class SimulatedWorker : public grpc::ClientBidiReactor<v1::AttachRequest, v1::AttachResponse> {
 public:
  SimulatedWorker(v1::WorkerService::Stub& stub, int number) {
    v1::AttachRequest message;
    v1::Register& registration = *message.mutable_register_();
    registration.set_worker(absl::StrCat("w", number));
    registration.set_incarnation("1");
    registration.set_address("127.0.0.1");
    registration.set_slots(1);
    *registration.mutable_catalogue() = Offered();
    stub.async()->Attach(&context_, this);
    StartRead(&incoming_);
    Say(std::move(message));
    StartCall();
  }

  void Say(v1::AttachRequest message) {
    absl::MutexLock lock(&mutex_);
    outgoing_.push_back(std::move(message));
    if (outgoing_.size() == 1) StartWrite(&outgoing_.front());
  }
  void KeepAlive() {
    v1::AttachRequest message;
    message.mutable_keep_alive();
    Say(std::move(message));
  }
  bool attached() const { return attached_; }
  void End() {
    context_.TryCancel();
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&done_));
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    if (incoming_.has_registered()) attached_ = true;
    if (incoming_.has_check()) Answer(incoming_.check());
    if (incoming_.has_prepare()) {
      v1::AttachRequest message;
      message.mutable_prepared()->set_attempt_id(incoming_.prepare().attempt_id());
      Say(std::move(message));
    }
    StartRead(&incoming_);
  }
  void OnWriteDone(bool ok) override {
    absl::MutexLock lock(&mutex_);
    outgoing_.pop_front();
    if (ok && !outgoing_.empty()) StartWrite(&outgoing_.front());
  }
  void OnDone(const grpc::Status&) override {
    absl::MutexLock lock(&mutex_);
    done_ = true;
  }

 private:
  void Answer(const v1::CheckCases& check) {
    v1::AttachRequest message;
    message.mutable_checked()->set_check_id(check.check_id());
    for (const v1::Case& item : check.cases()) {
      v1::CheckedCase& answer = *message.mutable_checked()->add_cases();
      *answer.mutable_resolved() = item;
      answer.mutable_cost()->set_bytes_per_rank(1);
    }
    Say(std::move(message));
  }

  grpc::ClientContext context_;
  v1::AttachResponse incoming_;
  std::atomic<bool> attached_{false};
  absl::Mutex mutex_;
  std::deque<v1::AttachRequest> outgoing_;
  bool done_ = false;
};

struct Latencies {
  double per_second = 0;
  double p50_ms = 0;
  double p99_ms = 0;
  int failed = 0;
};

// Each client submits one job after the other: every one another shape, so that half the cost, the
// question to a runner, is not left out by the cache.
Latencies Submit(const std::vector<std::shared_ptr<grpc::Channel>>& channels, int jobs) {
  std::atomic<int> next{0};
  std::atomic<int> failed{0};
  std::vector<std::vector<double>> taken(kClients);
  std::vector<std::thread> clients;
  const absl::Time begun = absl::Now();
  for (int client = 0; client < kClients; ++client) {
    clients.emplace_back([&, client] {
      const auto stub = v1::JobService::NewStub(channels[client % channels.size()]);
      for (int job = next++; job < jobs; job = next++) {
        v1::SubmitJobRequest request;
        request.set_request_id(absl::StrCat("bench-", jobs, "-", job));
        request.mutable_spec()->add_operators()->set_name("matmul");
        v1::Shape& shape = *request.mutable_spec()->add_shapes();
        shape.set_tokens(job + 1);
        shape.set_d_in(64);
        v1::SubmitJobResponse response;
        grpc::ClientContext context;
        const absl::Time asked = absl::Now();
        if (!stub->SubmitJob(&context, request, &response).ok()) ++failed;
        taken[client].push_back(absl::ToDoubleMilliseconds(absl::Now() - asked));
      }
    });
  }
  for (std::thread& client : clients) client.join();
  const double seconds = absl::ToDoubleSeconds(absl::Now() - begun);
  std::vector<double> all;
  for (const std::vector<double>& some : taken) all.insert(all.end(), some.begin(), some.end());
  std::sort(all.begin(), all.end());
  return {jobs / seconds, all[all.size() / 2], all[all.size() * 99 / 100], failed};
}

// Microseconds of one event that frees a worker and lets the next job start, in a cluster that is
// full.
double DecisionMicroseconds(int workers, int jobs) {
  constexpr int kDecisions = 2000;
  Scheduler scheduler(absl::Seconds(5));
  const absl::Time now = absl::FromUnixSeconds(1'000'000);
  for (int i = 0; i < workers; ++i)
    scheduler.WorkerAttached(absl::StrCat("w", i), {1, {kCpuMpi}}, now);
  for (int i = 0; i < jobs + workers + kDecisions; ++i) {
    ActiveJob job;
    job.id = absl::StrCat("job", 1'000'000 + i);
    job.submit_ns = absl::ToUnixNanos(now) + i;
    job.max_attempts = 3;
    // A large one among small ones, so that there is a reservation to be kept.
    job.remaining[i % 100 == 99 ? static_cast<uint32_t>(workers) / 2 : 1] = 1;
    scheduler.AddJob(job);
  }
  std::deque<StartDecision> running;
  while (std::optional<StartDecision> decision = scheduler.NextStart(now))
    running.push_back(*std::move(decision));
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < kDecisions && !running.empty(); ++i) {
    const StartDecision ended = std::move(running.front());
    running.pop_front();
    scheduler.CaseRecorded(ended.job, ended.ranks);
    scheduler.AttemptOver(ended.job, false, now);
    scheduler.RemoveJob(ended.job);
    for (const GangSlot& slot : ended.gang) scheduler.Release(slot.worker);
    while (std::optional<StartDecision> decision = scheduler.NextStart(now))
      running.push_back(*std::move(decision));
  }
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begun;
  return took.count() / kDecisions;
}

std::string MachineLine() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  std::string line;
  std::string model = "unknown CPU";
  while (std::getline(cpuinfo, line)) {
    if (line.rfind("model name", 0) == 0) model = line.substr(line.find(':') + 2);
  }
  double load = 0;
  std::ifstream("/proc/loadavg") >> load;
  return absl::StrCat(model, ", ", std::thread::hardware_concurrency(), " CPUs, load ", load,
                      " at the start, gRPC ", grpc::Version());
}

// False when a submission failed or a worker could not attach.
bool MeasureCluster(int workers, int jobs, const std::string& folder) {
  CoordinatorOptions options;
  options.listen = "127.0.0.1:0";
  options.lease = absl::Seconds(60);
  options.store = absl::StrCat(folder, "/", workers, "-", jobs, ".db");
  auto coordinator = Coordinator::Start(options);
  if (!coordinator.ok()) return false;
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (int i = 0; i < kChannels; ++i) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    channels.push_back(
        grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", (*coordinator)->grpc_port()),
                                  grpc::InsecureChannelCredentials(), arguments));
  }
  std::vector<std::unique_ptr<v1::WorkerService::Stub>> stubs;
  for (const auto& channel : channels) stubs.push_back(v1::WorkerService::NewStub(channel));
  const int64_t empty = ResidentBytes();
  std::vector<std::unique_ptr<SimulatedWorker>> attached;
  for (int i = 0; i < workers; ++i)
    attached.push_back(std::make_unique<SimulatedWorker>(*stubs[i % kChannels], i));
  const absl::Time deadline = absl::Now() + absl::Seconds(30);
  for (const auto& worker : attached) {
    while (!worker->attached() && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(1));
  }
  const bool all = std::all_of(attached.begin(), attached.end(),
                               [](const auto& worker) { return worker->attached(); });
  const int64_t with_workers = ResidentBytes();
  const Latencies submitted = Submit(channels, jobs);
  const int64_t with_jobs = ResidentBytes();
  std::printf("| %d | %d | %.0f | %.2f | %.2f | %.1f | %.1f | %.2f |\n", workers, jobs,
              submitted.per_second, submitted.p50_ms, submitted.p99_ms,
              static_cast<double>(with_workers - empty) / workers / 1024,
              static_cast<double>(with_jobs - with_workers) / jobs / 1024,
              DecisionMicroseconds(workers, jobs));
  std::fflush(stdout);
  for (const auto& worker : attached) worker->End();
  return all && submitted.failed == 0;
}

int Main() {
  SetLogLevel(LogLevel::kError);
  std::string folder = "coordinator_bench-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) return 1;
  std::printf(
      "\n## The coordinator under load\n\n%s; %d clients, one case per job, every job durable "
      "before it is answered; a worker's "
      "memory includes its client's end\n\n",
      MachineLine().c_str(), kClients);
  std::printf(
      "| workers | jobs | submissions/s | p50 ms | p99 ms | KiB per worker | KiB per job | "
      "decision us |\n|--:|--:|--:|--:|--:|--:|--:|--:|\n");
  bool good = true;
  for (const int workers : {100, 1000}) {
    for (const int jobs : {1000, 10'000}) good = MeasureCluster(workers, jobs, folder) && good;
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  if (!good) std::fprintf(stderr, "a submission failed or a worker could not attach\n");
  return good ? 0 : 1;
}

}  // namespace
}  // namespace basisbench

int main() { return basisbench::Main(); }
