// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/worker_service.h"

#include "services/coordinator/unary.h"
#include "services/coordinator/worker_stream.h"

namespace basisbench {

grpc::ServerBidiReactor<v1::AttachRequest, v1::AttachResponse>* WorkerServiceImpl::Attach(
    grpc::CallbackServerContext* context) {
  return WorkerStream::Start(director_, *context, register_within_);
}

grpc::ServerUnaryReactor* WorkerServiceImpl::ListWorkers(grpc::CallbackServerContext* context,
                                                         const v1::ListWorkersRequest* request,
                                                         v1::ListWorkersResponse* response) {
  return Answer(context, director_.ListWorkers(*request), *response);
}

}  // namespace basisbench
