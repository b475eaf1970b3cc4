// SPDX-License-Identifier: Apache-2.0
// WorkerService on the wire: nothing but translation to the director, which outlives it.
#pragma once

#include "basisbench/v1/worker.grpc.pb.h"
#include "services/coordinator/attempt_director.h"

namespace basisbench {

class WorkerServiceImpl : public v1::WorkerService::CallbackService {
 public:
  explicit WorkerServiceImpl(AttemptDirector& director) : director_(director) {}

  grpc::ServerBidiReactor<v1::AttachRequest, v1::AttachResponse>* Attach(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* ListWorkers(grpc::CallbackServerContext* context,
                                        const v1::ListWorkersRequest* request,
                                        v1::ListWorkersResponse* response) override;

 private:
  AttemptDirector& director_;
};

}  // namespace basisbench
