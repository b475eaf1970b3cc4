// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/network.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"

namespace basisbench {
namespace {

TEST(CommonNetwork, IsTheSmallestThatHoldsAll) {
  EXPECT_EQ(*CommonNetwork({}), "");
  EXPECT_EQ(*CommonNetwork({"10.42.0.7"}), "10.42.0.7/32");
  EXPECT_EQ(*CommonNetwork({"10.42.0.6", "10.42.0.7"}), "10.42.0.6/31");
  EXPECT_EQ(*CommonNetwork({"10.42.0.1", "10.42.3.254", "10.42.1.1"}), "10.42.0.0/22");
  EXPECT_EQ(*CommonNetwork({"127.0.0.1", "127.0.0.2"}), "127.0.0.0/8");
  EXPECT_EQ(*CommonNetwork({"10.0.0.1", "192.168.0.1"}), "") << "nothing in common";
  EXPECT_EQ(*CommonNetwork({"0.0.0.0", "127.255.255.255"}), "0.0.0.0/1");
}

TEST(CommonNetwork, NamesWhatIsNoAddress) {
  for (const char* bad : {"", "host", "10.0.0", "10.0.0.256", "::1", "10.0.0.1/8"}) {
    EXPECT_THAT(CommonNetwork({"10.0.0.1", bad}),
                Fails(absl::StatusCode::kInvalidArgument, std::string("'") + bad + "' is not"));
  }
}

TEST(ResolveIpv4, KnowsAddressesAndTheLocalHost) {
  EXPECT_EQ(*ResolveIpv4("127.0.0.3"), "127.0.0.3");
  EXPECT_EQ(*ResolveIpv4("localhost"), "127.0.0.1");
  // Too long for any name server to be asked.
  EXPECT_THAT(ResolveIpv4(std::string(300, 'x')),
              Fails(absl::StatusCode::kUnavailable, "the address 'xxx"));
}

}  // namespace
}  // namespace basisbench
