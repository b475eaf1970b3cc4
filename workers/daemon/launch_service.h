// SPDX-License-Identifier: Apache-2.0
// The gRPC face of launching: passes a peer's call to the attempt it names. Thread-safe; each call
// holds one thread of the server for as long as it is open.
#pragma once

#include "basisbench/v1/worker.grpc.pb.h"
#include "workers/daemon/attempt_table.h"

namespace basisbench {

class LaunchService final : public v1::LaunchService::Service {
 public:
  // `attempts` outlives the service.
  explicit LaunchService(AttemptTable& attempts) : attempts_(attempts) {}

  grpc::Status Launch(grpc::ServerContext* context, const v1::LaunchRequest* request,
                      grpc::ServerWriter<v1::LaunchResponse>* writer) override;

 private:
  AttemptTable& attempts_;
};

}  // namespace basisbench
