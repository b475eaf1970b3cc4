// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/launch_service.h"

#include "services/base/log.h"
#include "services/base/rpc/rpc_status.h"

namespace basisbench {

grpc::Status LaunchService::Launch(grpc::ServerContext* context, const v1::LaunchRequest* request,
                                   grpc::ServerWriter<v1::LaunchResponse>* writer) {
  const absl::Status status = attempts_.Launch(
      *request, [context] { return context->IsCancelled(); },
      [writer](const v1::LaunchResponse& response) { return writer->Write(response); });
  if (!status.ok() && !absl::IsAborted(status)) {
    Log(LogLevel::kWarning, "launch", "refused or failed",
        {{"peer", context->peer()},
         {"attempt", request->attempt_id()},
         {"error", std::string(status.message())}});
  }
  return ToGrpc(status);
}

}  // namespace basisbench
