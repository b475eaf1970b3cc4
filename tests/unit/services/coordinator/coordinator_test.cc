// SPDX-License-Identifier: Apache-2.0
// The coordinator as a whole, without its flags.
#include "services/coordinator/coordinator.h"

#include <fstream>

#include "absl/strings/str_cat.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "gtest/gtest.h"
#include "services/base/log.h"
#include "services/base/rpc/rpc_status.h"
#include "tests/fakes/status_matchers.h"
#include "tests/unit/services/coordinator/store_support.h"

namespace basisbench {
namespace {

class CoordinatorTest : public testing::Test {
 protected:
  void SetUp() override {
    SetLogLevel(LogLevel::kError);
    options_.listen = "127.0.0.1:0";
    options_.store = folder_.path() + "/store.db";
  }
  std::shared_ptr<grpc::Channel> Dial(const Coordinator& coordinator,
                                      const SecurityOptions& security = {}) {
    return *MakeChannel(security, absl::StrCat("127.0.0.1:", coordinator.grpc_port()));
  }

  TemporaryFolder folder_;
  CoordinatorOptions options_;
};

TEST_F(CoordinatorTest, ServesHealth) {
  auto coordinator = Coordinator::Start(options_);
  ASSERT_THAT(coordinator, IsOk());
  auto stub = grpc::health::v1::Health::NewStub(Dial(**coordinator));
  grpc::ClientContext context;
  grpc::health::v1::HealthCheckResponse response;
  ASSERT_THAT(FromGrpc(stub->Check(&context, {}, &response)), IsOk());
  EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::SERVING);
}

TEST_F(CoordinatorTest, RequiresTlsBeyondLoopback) {
  options_.listen = "0.0.0.0:0";
  EXPECT_THAT(Coordinator::Start(options_),
              Fails(absl::StatusCode::kInvalidArgument, "beyond loopback"));
}

TEST_F(CoordinatorTest, RequiresTheTokenWhenThereIsOne) {
  options_.security.token_file = folder_.path() + "/token";
  std::ofstream(options_.security.token_file) << "secret\n";
  auto coordinator = Coordinator::Start(options_);
  ASSERT_THAT(coordinator, IsOk());
  for (const bool with : {false, true}) {
    auto stub = v1::CatalogueService::NewStub(
        Dial(**coordinator, with ? options_.security : SecurityOptions{}));
    grpc::ClientContext context;
    v1::ListPresetsResponse response;
    const absl::Status status = FromGrpc(stub->ListPresets(&context, {}, &response));
    EXPECT_EQ(status.code(), with ? absl::StatusCode::kOk : absl::StatusCode::kUnauthenticated);
  }
}

TEST_F(CoordinatorTest, TwoOnOneStoreAreRefused) {
  auto first = Coordinator::Start(options_);
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(Coordinator::Start(options_),
              Fails(absl::StatusCode::kFailedPrecondition, "another coordinator"));
}

}  // namespace
}  // namespace basisbench
