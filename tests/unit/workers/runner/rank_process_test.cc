// SPDX-License-Identifier: Apache-2.0
// Real ranks under mpirun, told what to do by a fake daemon. Skipped where the runner was not
// built.
#include "workers/runner/rank_process.h"

#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/fake_rank_daemon.h"

namespace basisbench {
namespace {

using testing::HasSubstr;
using Message = v1::RankMessage;

std::string Runner() {
  const char* folder = getenv("BASISBENCH_BIN");
  return std::string(folder == nullptr ? "bin" : folder) + "/basisbench-runner";
}

v1::RankAssignment TwoRankWork(double seconds) {
  v1::RankAssignment told;
  told.set_worker("w1");
  v1::Assignment* work = told.mutable_work();
  work->set_job_id("job");
  work->set_attempt_id("attempt");
  work->mutable_measurement()->set_max_samples(10'000);
  work->mutable_measurement()->mutable_min_time()->set_seconds(static_cast<int64_t>(seconds));
  work->mutable_measurement()->mutable_min_time()->set_nanos(1'000'000);
  for (const char* sharding : {"token", "column"}) {
    v1::Case* spec = work->add_cases();
    spec->set_index(static_cast<uint32_t>(work->cases_size() - 1));
    spec->mutable_operator_()->set_name("matmul");
    spec->mutable_shape()->set_tokens(64);
    spec->mutable_shape()->set_d_in(48);
    spec->set_sharding(sharding);
    spec->set_ranks(2);
    spec->set_comparison_group("g");
    spec->set_baseline(work->cases_size() == 1);
  }
  return told;
}

// Starts two ranks; the caller waits for the returned mpirun.
pid_t StartRanks(const std::string& socket) {
  setenv("BASISBENCH_ATTEMPT", "attempt", 1);
  setenv("BASISBENCH_WORKER_SOCKET", socket.c_str(), 1);
  // Open MPI leaves memory behind when it ends.
  setenv("ASAN_OPTIONS", "detect_leaks=0", 0);
  const std::string runner = Runner();
  std::vector<const char*> words = {"mpirun", "--oversubscribe", "-np", "2", runner.c_str()};
  if (geteuid() == 0) words.insert(words.begin() + 1, "--allow-run-as-root");
  words.push_back(nullptr);
  pid_t child = -1;
  posix_spawnp(&child, "mpirun", nullptr, nullptr, const_cast<char**>(words.data()), environ);
  return child;
}

int ExitCodeOf(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

class RankProcess : public testing::Test {
 protected:
  void SetUp() override {
    if (access(Runner().c_str(), X_OK) != 0) GTEST_SKIP() << Runner() << " is not built";
  }
};

TEST_F(RankProcess, TwoRanksRunTheirCasesAndReportThem) {
  FakeRankDaemon daemon(TwoRankWork(0));
  EXPECT_EQ(ExitCodeOf(StartRanks(daemon.path())), kExitDone);
  ASSERT_TRUE(daemon.Await(Message::kDone, 2));
  const auto results = daemon.Received(Message::kResult);
  ASSERT_EQ(results.size(), 2u);
  for (const Message& message : results) {
    const v1::CaseResult& record = message.result();
    EXPECT_EQ(record.outcome(), v1::OUTCOME_OK) << record.detail();
    EXPECT_EQ(record.case_().backend(), "cpu_mpi");
    EXPECT_EQ(record.environment().observed_ranks(), 2u);
    EXPECT_THAT(record.environment().libraries().at("mpi"), HasSubstr("Open MPI"));
    EXPECT_TRUE(record.validation().traffic_matches());
    EXPECT_EQ(record.timing().samples_size(), 2);
  }
  EXPECT_GT(results[1].result().counted_wire_bytes_total(), 0);
  std::set<uint32_t> ranks;
  for (const Message& message : daemon.Received(Message::kHello))
    ranks.insert(message.hello().rank());
  EXPECT_EQ(ranks, (std::set<uint32_t>{0, 1}));
  EXPECT_GE(daemon.Received(Message::kCaseStarted).size(), 4u);
  EXPECT_GE(daemon.Received(Message::kActivity).size(), 4u);
}

TEST_F(RankProcess, RanksEndByThemselvesWhenTheDaemonIsGone) {
  FakeRankDaemon daemon(TwoRankWork(600));
  const pid_t mpirun = StartRanks(daemon.path());
  ASSERT_TRUE(daemon.Await(Message::kCaseStarted, 4));
  daemon.HangUp();
  EXPECT_EQ(ExitCodeOf(mpirun), kExitDaemonLost);
}

TEST_F(RankProcess, RanksEndOnSigterm) {
  FakeRankDaemon daemon(TwoRankWork(600));
  const pid_t mpirun = StartRanks(daemon.path());
  ASSERT_TRUE(daemon.Await(Message::kCaseStarted, 4));
  const auto hellos = daemon.Received(Message::kHello);
  kill(static_cast<pid_t>(hellos[0].hello().pid()), SIGTERM);
  EXPECT_NE(ExitCodeOf(mpirun), kExitDone);
  EXPECT_TRUE(daemon.AwaitClosed(2)) << "a rank is left";
}

}  // namespace
}  // namespace basisbench
