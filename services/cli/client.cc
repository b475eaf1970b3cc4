// SPDX-License-Identifier: Apache-2.0
#include "services/cli/client.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "services/base/rpc/rpc_status.h"
#include "services/base/status_macros.h"

namespace basisbench {
namespace {

constexpr uint32_t kJobsPerPage = 200;
constexpr uint32_t kResultsPerPage = 500;
// Raw samples make records large; few of them stay below the message limit.
constexpr uint32_t kSampledResultsPerPage = 16;

}  // namespace

Client::Client(std::shared_ptr<grpc::Channel> channel, const std::string& target,
               absl::Duration timeout)
    : target_(target),
      timeout_(timeout),
      channel_(channel),
      jobs_(v1::JobService::NewStub(channel)),
      catalogue_(v1::CatalogueService::NewStub(channel)),
      workers_(v1::WorkerService::NewStub(channel)) {}

absl::StatusOr<std::unique_ptr<Client>> Client::Make(const SecurityOptions& security,
                                                     const std::string& target,
                                                     absl::Duration timeout) {
  BB_ASSIGN_OR_RETURN(auto channel, MakeChannel(security, target));
  return std::unique_ptr<Client>(new Client(channel, target, timeout));
}

absl::Status Client::Explain(const grpc::Status& status) const {
  const absl::Status plain = FromGrpc(status);
  const std::string message(plain.message());
  if (plain.code() == absl::StatusCode::kUnavailable &&
      (absl::StrContains(message, "failed to connect") || absl::StrContains(message, "DNS"))) {
    return absl::UnavailableError(
        absl::StrCat("cannot reach the coordinator at ", target_, " (", message,
                     "); is it running? 'basisbench local up' starts one here, --coordinator or "
                     "BASISBENCH_COORDINATOR names another"));
  }
  if (plain.code() == absl::StatusCode::kDeadlineExceeded) {
    return absl::DeadlineExceededError(
        absl::StrCat("the coordinator at ", target_, " did not answer within ",
                     absl::FormatDuration(timeout_), "; --timeout gives it longer"));
  }
  if (plain.code() == absl::StatusCode::kUnavailable) {
    return absl::UnavailableError(absl::StrCat("coordinator ", target_, ": ", message));
  }
  return plain;
}

template <typename Request, typename Response, typename Method, typename Stub>
absl::StatusOr<Response> Client::Call(Stub& stub, Method method, const Request& request) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + timeout_));
  Response response;
  const grpc::Status status = (stub.*method)(&context, request, &response);
  if (!status.ok()) return Explain(status);
  return response;
}

absl::StatusOr<v1::SubmitJobResponse> Client::SubmitJob(const v1::SubmitJobRequest& request) {
  return Call<v1::SubmitJobRequest, v1::SubmitJobResponse>(*jobs_, &v1::JobService::Stub::SubmitJob,
                                                           request);
}

absl::StatusOr<v1::Job> Client::GetJob(const std::string& job_id) {
  v1::GetJobRequest request;
  request.set_job_id(job_id);
  auto response =
      Call<v1::GetJobRequest, v1::GetJobResponse>(*jobs_, &v1::JobService::Stub::GetJob, request);
  BB_RETURN_IF_ERROR(response.status());
  return response->job();
}

absl::StatusOr<std::vector<v1::Job>> Client::ListJobs(v1::ListJobsRequest request, size_t limit) {
  std::vector<v1::Job> jobs;
  while (jobs.size() < limit) {
    request.set_page_size(
        static_cast<uint32_t>(std::min<size_t>(kJobsPerPage, limit - jobs.size())));
    auto page = Call<v1::ListJobsRequest, v1::ListJobsResponse>(
        *jobs_, &v1::JobService::Stub::ListJobs, request);
    BB_RETURN_IF_ERROR(page.status());
    jobs.insert(jobs.end(), page->jobs().begin(), page->jobs().end());
    if (page->next_page_token().empty()) break;
    request.set_page_token(page->next_page_token());
  }
  return jobs;
}

absl::StatusOr<v1::Job> Client::CancelJob(const std::string& job_id) {
  v1::CancelJobRequest request;
  request.set_job_id(job_id);
  auto response = Call<v1::CancelJobRequest, v1::CancelJobResponse>(
      *jobs_, &v1::JobService::Stub::CancelJob, request);
  BB_RETURN_IF_ERROR(response.status());
  return response->job();
}

absl::Status Client::DeleteJob(const std::string& job_id) {
  v1::DeleteJobRequest request;
  request.set_job_id(job_id);
  return Call<v1::DeleteJobRequest, v1::DeleteJobResponse>(*jobs_, &v1::JobService::Stub::DeleteJob,
                                                           request)
      .status();
}

absl::StatusOr<std::vector<v1::CaseResult>> Client::ListResults(const std::string& job_id,
                                                                bool omit_samples) {
  std::vector<v1::CaseResult> results;
  v1::ListResultsRequest request;
  request.set_job_id(job_id);
  request.set_omit_samples(omit_samples);
  request.set_page_size(omit_samples ? kResultsPerPage : kSampledResultsPerPage);
  while (true) {
    auto page = Call<v1::ListResultsRequest, v1::ListResultsResponse>(
        *jobs_, &v1::JobService::Stub::ListResults, request);
    if (absl::IsResourceExhausted(page.status()) && request.page_size() > 1) {
      request.set_page_size(request.page_size() / 2);  // the page was larger than a message may be
      continue;
    }
    BB_RETURN_IF_ERROR(page.status());
    results.insert(results.end(), page->results().begin(), page->results().end());
    if (page->next_page_token().empty()) return results;
    request.set_page_token(page->next_page_token());
  }
}

absl::StatusOr<std::vector<v1::WorkerInfo>> Client::ListWorkers() {
  std::vector<v1::WorkerInfo> workers;
  v1::ListWorkersRequest request;
  do {
    auto page = Call<v1::ListWorkersRequest, v1::ListWorkersResponse>(
        *workers_, &v1::WorkerService::Stub::ListWorkers, request);
    BB_RETURN_IF_ERROR(page.status());
    workers.insert(workers.end(), page->workers().begin(), page->workers().end());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return workers;
}

absl::StatusOr<std::vector<v1::OperatorInfo>> Client::ListOperators() {
  auto response = Call<v1::ListOperatorsRequest, v1::ListOperatorsResponse>(
      *catalogue_, &v1::CatalogueService::Stub::ListOperators, {});
  BB_RETURN_IF_ERROR(response.status());
  return std::vector<v1::OperatorInfo>(response->operators().begin(), response->operators().end());
}

absl::StatusOr<std::vector<v1::PresetInfo>> Client::ListPresets(const std::string& name) {
  v1::ListPresetsRequest request;
  request.set_name(name);
  auto response = Call<v1::ListPresetsRequest, v1::ListPresetsResponse>(
      *catalogue_, &v1::CatalogueService::Stub::ListPresets, request);
  BB_RETURN_IF_ERROR(response.status());
  return std::vector<v1::PresetInfo>(response->presets().begin(), response->presets().end());
}

absl::Status Client::CheckHealth() {
  using ::grpc::health::v1::Health;
  using ::grpc::health::v1::HealthCheckRequest;
  using ::grpc::health::v1::HealthCheckResponse;
  const auto stub = Health::NewStub(channel_);
  auto response = Call<HealthCheckRequest, HealthCheckResponse>(*stub, &Health::Stub::Check, {});
  BB_RETURN_IF_ERROR(response.status());
  if (response->status() == HealthCheckResponse::SERVING) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat(target_, " answers that it is ",
                   HealthCheckResponse::ServingStatus_Name(response->status())));
}

}  // namespace basisbench
