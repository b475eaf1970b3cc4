// SPDX-License-Identifier: Apache-2.0
// WorkerService on the wire: nothing but translation to the director, which outlives it.
#pragma once

#include "basisbench/v1/worker.grpc.pb.h"
#include "services/coordinator/attempt_director.h"

namespace basisbench {

class WorkerServiceImpl : public v1::WorkerService::CallbackService {
 public:
  // A stream that does not register within this time is cut off.
  explicit WorkerServiceImpl(AttemptDirector& director,
                             absl::Duration register_within = absl::Seconds(10))
      : director_(director), register_within_(register_within) {}

  grpc::ServerBidiReactor<v1::AttachRequest, v1::AttachResponse>* Attach(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* ListWorkers(grpc::CallbackServerContext* context,
                                        const v1::ListWorkersRequest* request,
                                        v1::ListWorkersResponse* response) override;

 private:
  AttemptDirector& director_;
  const absl::Duration register_within_;
};

}  // namespace basisbench
