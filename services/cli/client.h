// SPDX-License-Identifier: Apache-2.0
// The coordinator as verbs see it: plain calls with a deadline, whole lists instead of pages,
// errors that say what to do. One per process; used from one thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "basisbench/v1/job.grpc.pb.h"
#include "basisbench/v1/worker.grpc.pb.h"
#include "services/base/rpc/security.h"

namespace basisbench {

class Client {
 public:
  // INVALID_ARGUMENT as MakeChannel. Nothing is contacted yet. `timeout` bounds every call.
  static absl::StatusOr<std::unique_ptr<Client>> Make(const SecurityOptions& security,
                                                      const std::string& target,
                                                      absl::Duration timeout);

  absl::StatusOr<v1::SubmitJobResponse> SubmitJob(const v1::SubmitJobRequest& request);
  absl::StatusOr<v1::Job> GetJob(const std::string& job_id);
  // The newest `limit` jobs that match the request's filters.
  absl::StatusOr<std::vector<v1::Job>> ListJobs(v1::ListJobsRequest request, size_t limit);
  absl::StatusOr<v1::Job> CancelJob(const std::string& job_id);
  absl::Status DeleteJob(const std::string& job_id);
  absl::StatusOr<std::vector<v1::CaseResult>> ListResults(const std::string& job_id,
                                                          bool omit_samples);
  absl::StatusOr<std::vector<v1::WorkerInfo>> ListWorkers();
  absl::StatusOr<std::vector<v1::OperatorInfo>> ListOperators();
  // Every preset, or the one named.
  absl::StatusOr<std::vector<v1::PresetInfo>> ListPresets(const std::string& name);
  // OK when the standard health service of the target says SERVING.
  absl::Status CheckHealth();

  v1::JobService::Stub& jobs() { return *jobs_; }
  const std::string& target() const { return target_; }
  absl::Duration timeout() const { return timeout_; }

  // The status of a call made through a stub, with the target named and advice added.
  absl::Status Explain(const grpc::Status& status) const;

 private:
  Client(std::shared_ptr<grpc::Channel> channel, const std::string& target, absl::Duration timeout);

  template <typename Request, typename Response, typename Method, typename Stub>
  absl::StatusOr<Response> Call(Stub& stub, Method method, const Request& request);

  std::string target_;
  absl::Duration timeout_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::JobService::Stub> jobs_;
  std::unique_ptr<v1::CatalogueService::Stub> catalogue_;
  std::unique_ptr<v1::WorkerService::Stub> workers_;
};

}  // namespace basisbench
