// SPDX-License-Identifier: Apache-2.0
#include "services/base/rpc/address.h"

#include "gtest/gtest.h"

namespace basisbench {
namespace {

TEST(Address, LoopbackIsRecognisedInEveryNotation) {
  for (const char* target :
       {"127.0.0.1:7070", "127.0.0.2:0", "127.255.1.9:1", "localhost:7070", "LOCALHOST:1",
        "[::1]:7070", "dns:///localhost:1", "ipv4:127.0.0.1:5", "unix:/tmp/socket"}) {
    EXPECT_TRUE(IsLoopbackTarget(target)) << target;
  }
}

TEST(Address, EverythingElseIsBeyondLoopback) {
  for (const char* target :
       {"0.0.0.0:7070", "[::]:7070", "10.0.0.1:7070", "localhost.evil.org:1",
        "127.0.0.1.evil.org:1", "128.0.0.1:1", "coordinator:7070", "", "::1"}) {
    EXPECT_FALSE(IsLoopbackTarget(target)) << target;
  }
}

TEST(Address, AnAddressWithoutAPortOrWithABadOneIsNamed) {
  for (const char* target : {"", "host", ":7070", "host:", "host:http", "host:70000", "host:-1",
                             "fe80::1:7070", "[::1:7070"}) {
    const absl::Status status = CheckTarget(target);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << target;
    EXPECT_NE(std::string(status.message()).find(target), std::string::npos) << status;
  }
  EXPECT_TRUE(CheckTarget("coordinator:7070").ok());
  EXPECT_TRUE(CheckTarget("[fe80::1]:7070").ok());
}

}  // namespace
}  // namespace basisbench
