// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/job_service.h"

#include <utility>

#include "services/coordinator/store_changes.h"
#include "services/coordinator/unary.h"
#include "services/coordinator/watch_stream.h"

namespace basisbench {

grpc::ServerUnaryReactor* JobServiceImpl::SubmitJob(grpc::CallbackServerContext* context,
                                                    const v1::SubmitJobRequest* request,
                                                    v1::SubmitJobResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  parts_.submitter.Submit(*request,
                          [reactor, response](absl::StatusOr<v1::SubmitJobResponse> result) {
                            if (result.ok()) *response = *std::move(result);
                            reactor->Finish(ToGrpc(result.status()));
                          });
  return reactor;
}

grpc::ServerUnaryReactor* JobServiceImpl::GetJob(grpc::CallbackServerContext* context,
                                                 const v1::GetJobRequest* request,
                                                 v1::GetJobResponse* response) {
  return Answer(context, parts_.directory.GetJob(request->job_id()), *response->mutable_job());
}

grpc::ServerUnaryReactor* JobServiceImpl::ListJobs(grpc::CallbackServerContext* context,
                                                   const v1::ListJobsRequest* request,
                                                   v1::ListJobsResponse* response) {
  return Answer(context, parts_.directory.ListJobs(*request), *response);
}

grpc::ServerWriteReactor<v1::WatchJobResponse>* JobServiceImpl::WatchJob(
    grpc::CallbackServerContext* context, const v1::WatchJobRequest* request) {
  return WatchStream::Start(parts_.store, parts_.hub, *request);
}

grpc::ServerUnaryReactor* JobServiceImpl::CancelJob(grpc::CallbackServerContext* context,
                                                    const v1::CancelJobRequest* request,
                                                    v1::CancelJobResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  parts_.director.Cancel(request->job_id(), [reactor, response](absl::StatusOr<v1::Job> job) {
    if (job.ok()) *response->mutable_job() = *std::move(job);
    reactor->Finish(ToGrpc(job.status()));
  });
  return reactor;
}

grpc::ServerUnaryReactor* JobServiceImpl::DeleteJob(grpc::CallbackServerContext* context,
                                                    const v1::DeleteJobRequest* request,
                                                    v1::DeleteJobResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  parts_.store.Apply(
      [id = request->job_id()](Database& database) { return basisbench::DeleteJob(database, id); },
      [this, id = request->job_id(), reactor](absl::Status status) {
        parts_.hub.Changed(id);
        reactor->Finish(ToGrpc(status));
      },
      OnFull::kRefuse);
  return reactor;
}

grpc::ServerUnaryReactor* JobServiceImpl::ListResults(grpc::CallbackServerContext* context,
                                                      const v1::ListResultsRequest* request,
                                                      v1::ListResultsResponse* response) {
  return Answer(context, parts_.directory.ListResults(*request), *response);
}

grpc::ServerUnaryReactor* CatalogueServiceImpl::ListOperators(
    grpc::CallbackServerContext* context, const v1::ListOperatorsRequest* request,
    v1::ListOperatorsResponse* response) {
  return Answer<v1::ListOperatorsResponse>(context, directory_.ListOperators(), *response);
}

grpc::ServerUnaryReactor* CatalogueServiceImpl::ListPresets(grpc::CallbackServerContext* context,
                                                            const v1::ListPresetsRequest* request,
                                                            v1::ListPresetsResponse* response) {
  return Answer(context, directory_.ListPresets(*request), *response);
}

}  // namespace basisbench
