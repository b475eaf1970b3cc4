// SPDX-License-Identifier: Apache-2.0
// absl::Status and grpc::Status share their codes; these carry the message across.
#pragma once

#include "absl/status/status.h"
#include "grpcpp/grpcpp.h"

namespace basisbench {

grpc::Status ToGrpc(const absl::Status& status);
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace basisbench
