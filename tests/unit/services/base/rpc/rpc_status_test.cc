// SPDX-License-Identifier: Apache-2.0
#include "services/base/rpc/rpc_status.h"

#include "gtest/gtest.h"

namespace basisbench {
namespace {

TEST(RpcStatus, CodeAndMessageSurviveTheRoundTrip) {
  for (int code = 1; code <= 16; ++code) {
    const absl::Status before(static_cast<absl::StatusCode>(code), "operators[3]: unknown");
    EXPECT_EQ(FromGrpc(ToGrpc(before)), before);
  }
}

TEST(RpcStatus, OkStaysOk) {
  EXPECT_TRUE(ToGrpc(absl::OkStatus()).ok());
  EXPECT_TRUE(FromGrpc(grpc::Status::OK).ok());
}

}  // namespace
}  // namespace basisbench
