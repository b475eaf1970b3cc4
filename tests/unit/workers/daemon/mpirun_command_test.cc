// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/mpirun_command.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"

namespace basisbench {
namespace {

using testing::Contains;
using testing::Not;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

MpirunRequest TwoNodes() {
  MpirunRequest request;
  request.hosts = {"127.0.0.1", "127.0.0.2"};
  request.slots = {2, 1};
  request.ranks = 3;
  request.agent = "/opt/bin/basisbench-launch-agent";
  return request;
}

// The word after `option`; empty when it is not there.
std::string After(const std::vector<std::string>& command, const std::string& option) {
  const auto at = std::find(command.begin(), command.end(), option);
  return at == command.end() ? "" : *std::next(at);
}

TEST(MakeMpirunCommand, NamesRanksHostsAgentAndNetwork) {
  MpirunRequest request = TwoNodes();
  request.network = "127.0.0.0/8";
  const auto command = MakeMpirunCommand(request);
  ASSERT_THAT(command, IsOk());
  EXPECT_EQ(command->front(), "mpirun");
  EXPECT_EQ(After(*command, "-np"), "3");
  EXPECT_EQ(After(*command, "--host"), "127.0.0.1:2,127.0.0.2:1");
  EXPECT_EQ(After(*command, "plm_rsh_agent"), request.agent);
  EXPECT_EQ(After(*command, "oob_tcp_if_include"), "127.0.0.0/8");
  EXPECT_EQ(After(*command, "btl_tcp_if_include"), "127.0.0.0/8");
  EXPECT_EQ(After(*command, "--map-by"), "slot") << "ranks follow the order of the gang";
  EXPECT_EQ(command->back(), "exec \"$BASISBENCH_GUARD\" \"$BASISBENCH_RUNNER\"");
}

TEST(MakeMpirunCommand, WithoutANetworkOpenMpiChooses) {
  const auto command = MakeMpirunCommand(TwoNodes());
  ASSERT_THAT(command, IsOk());
  EXPECT_THAT(*command, Not(Contains("oob_tcp_if_include")));
}

TEST(MakeMpirunCommand, RefusesWhatDoesNotFitTogether) {
  MpirunRequest many = TwoNodes();
  many.ranks = 4;
  EXPECT_THAT(MakeMpirunCommand(many), Fails(kInvalid, "4 ranks do not fit 3 slots"));
  MpirunRequest none = TwoNodes();
  none.ranks = 0;
  EXPECT_THAT(MakeMpirunCommand(none), Fails(kInvalid, "0 ranks"));
  MpirunRequest same = TwoNodes();
  same.hosts[1] = same.hosts[0];
  EXPECT_THAT(MakeMpirunCommand(same),
              Fails(kInvalid, "two workers of the gang have the address 127.0.0.1"));
  MpirunRequest missing = TwoNodes();
  missing.slots.pop_back();
  EXPECT_THAT(MakeMpirunCommand(missing), Fails(kInvalid, "2 hosts and 1 numbers of slots"));
}

TEST(MakeNodeEnvironment, PassesOnOnlyWhatRanksNeed) {
  NodeEnvironment node;
  node.attempt_id = "a1";
  node.socket = "/w/s";
  node.directory = "/w";
  node.process_tag = "tag";
  const std::vector<std::string> environment = MakeNodeEnvironment(
      node, {"PATH=/x", "HOME=/h", "OMP_NUM_THREADS=3", "NCCL_DEBUG=INFO",
             "BASISBENCH_TOKEN=secret", "BASISBENCH_TOKEN_FILE=/t", "LD_PRELOAD=/evil.so",
             "AWS_SECRET_ACCESS_KEY=k", "TMPDIR=/elsewhere", "OMPI_COMM_WORLD_RANK=1",
             "PMIX_RANK=1", "PMIX_NAMESPACE=n", "OMPI_UNIVERSE_SIZE=3", "OMPI_MCA_btl=self",
             "PATHOLOGY=1", "BASISBENCH_PROCESS_TAG=other", "BASISBENCH_LAUNCH_PLAN=/other"});
  for (const char* kept : {"PATH=/x", "HOME=/h", "OMP_NUM_THREADS=3", "NCCL_DEBUG=INFO",
                           "OMPI_MCA_btl=self", "TMPDIR=/w", "BASISBENCH_ATTEMPT=a1",
                           "BASISBENCH_WORKER_SOCKET=/w/s", "BASISBENCH_PROCESS_TAG=tag"})
    EXPECT_THAT(environment, Contains(kept));
  for (const std::string& entry : environment) {
    for (const char* dropped :
         {"secret", "BASISBENCH_TOKEN", "LD_PRELOAD", "AWS_", "/elsewhere", "OMPI_COMM_WORLD",
          "PMIX_RANK", "PMIX_NAMESPACE", "OMPI_UNIVERSE", "PATHOLOGY", "=other", "LAUNCH_PLAN"})
      EXPECT_FALSE(absl::StrContains(entry, dropped)) << entry;
  }
}

TEST(MakeNodeEnvironment, HasAPathAndForTheLeaderItsPlan) {
  NodeEnvironment node;
  node.launch_plan = "/w/plan";
  const std::vector<std::string> environment = MakeNodeEnvironment(node, {});
  EXPECT_THAT(environment, Contains("PATH=/usr/local/bin:/usr/bin:/bin"));
  EXPECT_THAT(environment, Contains("BASISBENCH_LAUNCH_PLAN=/w/plan"));
}

}  // namespace
}  // namespace basisbench
