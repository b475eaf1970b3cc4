// SPDX-License-Identifier: Apache-2.0
// Answers of unary calls.
#pragma once

#include <utility>

#include "absl/status/statusor.h"
#include "grpcpp/grpcpp.h"
#include "services/base/rpc/rpc_status.h"

namespace basisbench {

// Ends a call with a value or with why there is none.
template <typename Response>
grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context,
                                 absl::StatusOr<Response> result, Response& response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (result.ok()) response = *std::move(result);
  reactor->Finish(ToGrpc(result.status()));
  return reactor;
}

}  // namespace basisbench
