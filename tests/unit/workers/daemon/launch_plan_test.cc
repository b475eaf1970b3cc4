// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/launch_plan.h"

#include <sys/stat.h>

#include <algorithm>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"
#include "tests/unit/workers/daemon/daemon_test_support.h"

namespace basisbench {
namespace {

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

class LaunchPlanTest : public testing::Test {
 protected:
  std::string path() const { return folder_.path() + "/plan"; }
  ScratchFolder folder_;
};

TEST_F(LaunchPlanTest, ComesBackAsItWasWritten) {
  LaunchPlan plan;
  plan.attempt_id = "a \"quoted\" \n attempt";
  plan.security.tls_certificate_file = "/c.pem";
  plan.security.tls_key_file = "/k.pem";
  plan.security.tls_ca_file = "/ca.pem";
  plan.security.token_file = "/token";
  plan.security.insecure = true;
  plan.peers = {{"127.0.0.2", "127.0.0.2:4000", "w2", "token-2"}, {"h3", "h3:1", "w3", "token-3"}};
  ASSERT_THAT(WriteLaunchPlan(path(), plan), IsOk());
  const auto read = ReadLaunchPlan(path());
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->attempt_id, plan.attempt_id);
  EXPECT_EQ(read->security.tls_certificate_file, "/c.pem");
  EXPECT_EQ(read->security.tls_key_file, "/k.pem");
  EXPECT_EQ(read->security.tls_ca_file, "/ca.pem");
  EXPECT_EQ(read->security.token_file, "/token");
  EXPECT_TRUE(read->security.insecure);
  ASSERT_EQ(read->peers.size(), 2u);
  EXPECT_EQ(read->peers[1].host, "h3");
  EXPECT_EQ(read->peers[1].target, "h3:1");
  EXPECT_EQ(read->peers[1].worker, "w3");
  EXPECT_EQ(read->peers[1].token, "token-3");
}

TEST_F(LaunchPlanTest, ItsTokensAreForTheOwnerAlone) {
  ASSERT_THAT(WriteLaunchPlan(path(), {}), IsOk());
  struct stat info {};
  ASSERT_EQ(::stat(path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(LaunchPlanTest, WhatIsNoPlanIsNamed) {
  EXPECT_THAT(ReadLaunchPlan(path()), Fails(absl::StatusCode::kNotFound, path()));
  for (const char* content : {"", "[]", "{", "{\"peers\": 3}", "{}", "{\"peers\": [3]}"}) {
    ASSERT_THAT(WritePrivateFile(path(), content), IsOk());
    EXPECT_THAT(ReadLaunchPlan(path()), Fails(kInvalid, path())) << content;
  }
  ASSERT_THAT(WritePrivateFile(path(), "{\"peers\": [{\"host\": 3}], \"insecure\": \"yes\"}"),
              IsOk());
  const auto odd = ReadLaunchPlan(path());
  ASSERT_THAT(odd, IsOk());
  EXPECT_EQ(odd->peers[0].host, "");
  EXPECT_FALSE(odd->security.insecure) << "only true is true";
}

TEST_F(LaunchPlanTest, EachHostsOutcomeIsFoundBesideThePlan) {
  LaunchOutcome first{"127.0.0.2", "w2"};
  first.started = true;
  first.exit_status = 137;
  first.out_of_memory = true;
  LaunchOutcome second{"../h/3", "w3"};
  second.error = "no route";
  for (const LaunchOutcome& outcome : {first, second})
    ASSERT_THAT(WriteLaunchOutcome(path(), outcome), IsOk());
  ASSERT_THAT(WritePrivateFile(path() + ".broken.outcome", "{"), IsOk());
  std::vector<LaunchOutcome> outcomes = ReadLaunchOutcomes(path());
  ASSERT_EQ(outcomes.size(), 2u) << "what cannot be read is left out";
  std::sort(outcomes.begin(), outcomes.end(),
            [](const auto& a, const auto& b) { return a.worker < b.worker; });
  EXPECT_EQ(outcomes[0].host, "127.0.0.2");
  EXPECT_TRUE(outcomes[0].started);
  EXPECT_EQ(outcomes[0].exit_status, 137);
  EXPECT_TRUE(outcomes[0].out_of_memory);
  EXPECT_EQ(outcomes[1].host, "../h/3");
  EXPECT_EQ(outcomes[1].error, "no route");
  EXPECT_FALSE(outcomes[1].started);
  EXPECT_TRUE(ReadLaunchOutcomes(folder_.path() + "/absent/plan").empty());
}

TEST_F(LaunchPlanTest, AFileIsReplacedAsAWhole) {
  ASSERT_THAT(WritePrivateFile(path(), std::string(100'000, 'a')), IsOk());
  ASSERT_THAT(WritePrivateFile(path(), "b"), IsOk());
  EXPECT_EQ(*ReadWholeFile(path()), "b");
  EXPECT_THAT(WritePrivateFile(folder_.path() + "/absent/file", "x"),
              Fails(absl::StatusCode::kUnavailable, "/absent/file"));
  EXPECT_THAT(WritePrivateFile("/dev/full.d/x", "x"),
              Fails(absl::StatusCode::kUnavailable, "/dev/full.d"));
}

}  // namespace
}  // namespace basisbench
