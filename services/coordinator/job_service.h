// SPDX-License-Identifier: Apache-2.0
// JobService and CatalogueService on the wire: nothing but translation. Everything handed in
// outlives them.
#pragma once

#include "basisbench/v1/job.grpc.pb.h"
#include "services/coordinator/attempt_director.h"
#include "services/coordinator/directory.h"
#include "services/coordinator/store.h"
#include "services/coordinator/submitter.h"
#include "services/coordinator/watch_hub.h"

namespace basisbench {

class JobServiceImpl : public v1::JobService::CallbackService {
 public:
  struct Parts {
    Store& store;
    WatchHub& hub;
    AttemptDirector& director;
    Submitter& submitter;
    JobDirectory& directory;
  };
  explicit JobServiceImpl(const Parts& parts) : parts_(parts) {}

  grpc::ServerUnaryReactor* SubmitJob(grpc::CallbackServerContext* context,
                                      const v1::SubmitJobRequest* request,
                                      v1::SubmitJobResponse* response) override;
  grpc::ServerUnaryReactor* GetJob(grpc::CallbackServerContext* context,
                                   const v1::GetJobRequest* request,
                                   v1::GetJobResponse* response) override;
  grpc::ServerUnaryReactor* ListJobs(grpc::CallbackServerContext* context,
                                     const v1::ListJobsRequest* request,
                                     v1::ListJobsResponse* response) override;
  grpc::ServerWriteReactor<v1::WatchJobResponse>* WatchJob(
      grpc::CallbackServerContext* context, const v1::WatchJobRequest* request) override;
  grpc::ServerUnaryReactor* CancelJob(grpc::CallbackServerContext* context,
                                      const v1::CancelJobRequest* request,
                                      v1::CancelJobResponse* response) override;
  grpc::ServerUnaryReactor* DeleteJob(grpc::CallbackServerContext* context,
                                      const v1::DeleteJobRequest* request,
                                      v1::DeleteJobResponse* response) override;
  grpc::ServerUnaryReactor* ListResults(grpc::CallbackServerContext* context,
                                        const v1::ListResultsRequest* request,
                                        v1::ListResultsResponse* response) override;

 private:
  const Parts parts_;
};

class CatalogueServiceImpl : public v1::CatalogueService::CallbackService {
 public:
  explicit CatalogueServiceImpl(JobDirectory& directory) : directory_(directory) {}

  grpc::ServerUnaryReactor* ListOperators(grpc::CallbackServerContext* context,
                                          const v1::ListOperatorsRequest* request,
                                          v1::ListOperatorsResponse* response) override;
  grpc::ServerUnaryReactor* ListPresets(grpc::CallbackServerContext* context,
                                        const v1::ListPresetsRequest* request,
                                        v1::ListPresetsResponse* response) override;

 private:
  JobDirectory& directory_;
};

}  // namespace basisbench
