// SPDX-License-Identifier: Apache-2.0
// A coordinator of canned answers on a port of its own, and the command line run against it.
#pragma once

#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "basisbench/v1/job.grpc.pb.h"
#include "basisbench/v1/worker.grpc.pb.h"
#include "grpcpp/grpcpp.h"
#include "services/cli/cli.h"

namespace basisbench {

// Each answer is a function the test sets; unset ones say UNIMPLEMENTED.
class FakeCoordinator final : public v1::JobService::Service {
 public:
  FakeCoordinator() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    builder.RegisterService(&workers_);
    server_ = builder.BuildAndStart();
  }
  ~FakeCoordinator() override { server_->Shutdown(std::chrono::system_clock::now()); }

  std::string target() const { return absl::StrCat("127.0.0.1:", port_); }

  std::function<grpc::Status(const v1::SubmitJobRequest&, v1::SubmitJobResponse*)> submit;
  std::function<grpc::Status(v1::Job*)> get;
  std::function<grpc::Status(v1::Job*)> cancel;
  std::vector<v1::Job> jobs;
  std::vector<v1::CaseResult> results;
  std::vector<v1::WorkerInfo>& workers() { return workers_.workers; }
  // Sends events; called for each WatchJob with the sequence number the client had.
  std::function<grpc::Status(uint64_t, grpc::ServerContext*,
                             grpc::ServerWriter<v1::WatchJobResponse>*)>
      watch;

  std::vector<uint64_t> watched_from() const {
    absl::MutexLock lock(&mutex_);
    return watched_from_;
  }

  grpc::Status SubmitJob(grpc::ServerContext*, const v1::SubmitJobRequest* request,
                         v1::SubmitJobResponse* response) override {
    return submit ? submit(*request, response) : Missing();
  }
  grpc::Status GetJob(grpc::ServerContext*, const v1::GetJobRequest*,
                      v1::GetJobResponse* response) override {
    return get ? get(response->mutable_job()) : Missing();
  }
  grpc::Status CancelJob(grpc::ServerContext*, const v1::CancelJobRequest*,
                         v1::CancelJobResponse* response) override {
    return cancel ? cancel(response->mutable_job()) : Missing();
  }
  grpc::Status ListJobs(grpc::ServerContext*, const v1::ListJobsRequest*,
                        v1::ListJobsResponse* response) override {
    response->mutable_jobs()->Add(jobs.begin(), jobs.end());
    return grpc::Status::OK;
  }
  grpc::Status ListResults(grpc::ServerContext*, const v1::ListResultsRequest*,
                           v1::ListResultsResponse* response) override {
    response->mutable_results()->Add(results.begin(), results.end());
    return grpc::Status::OK;
  }
  grpc::Status WatchJob(grpc::ServerContext* context, const v1::WatchJobRequest* request,
                        grpc::ServerWriter<v1::WatchJobResponse>* writer) override {
    {
      absl::MutexLock lock(&mutex_);
      watched_from_.push_back(request->after_sequence());
    }
    return watch ? watch(request->after_sequence(), context, writer) : Missing();
  }

 private:
  static grpc::Status Missing() { return {grpc::StatusCode::UNIMPLEMENTED, "not set"}; }

  struct Workers final : v1::WorkerService::Service {
    grpc::Status ListWorkers(grpc::ServerContext*, const v1::ListWorkersRequest*,
                             v1::ListWorkersResponse* response) override {
      response->mutable_workers()->Add(workers.begin(), workers.end());
      return grpc::Status::OK;
    }
    std::vector<v1::WorkerInfo> workers;
  };

  int port_ = 0;
  Workers workers_;
  std::unique_ptr<grpc::Server> server_;
  mutable absl::Mutex mutex_;
  std::vector<uint64_t> watched_from_ ABSL_GUARDED_BY(mutex_);
};

struct Ran {
  int code = 0;
  std::string out;
  std::string err;
};

// As a user would, off a terminal.
inline Ran RunWords(const std::vector<std::string>& words, Interrupt& interrupt,
                    const std::string& input = "") {
  std::istringstream in(input);
  std::ostringstream out, err;
  Ran ran;
  ran.code = RunCli(words, {.in = in, .out = out, .err = err}, interrupt);
  ran.out = out.str();
  ran.err = err.str();
  return ran;
}

inline Ran RunWords(const std::vector<std::string>& words, const std::string& input = "") {
  Interrupt interrupt;
  return RunWords(words, interrupt, input);
}

inline v1::Job JobIn(v1::JobState state) {
  v1::Job job;
  job.set_id("j1");
  job.set_state(state);
  job.set_cases_total(2);
  return job;
}

}  // namespace basisbench
