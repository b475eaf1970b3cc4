// SPDX-License-Identifier: Apache-2.0
#include "workers/runner/daemon_link.h"

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/fake_rank_daemon.h"

namespace basisbench {
namespace {

using testing::HasSubstr;

v1::RankAssignment Told() {
  v1::RankAssignment told;
  told.set_worker("w1");
  told.mutable_work()->set_job_id("job");
  return told;
}

v1::RankHello HelloOfRank(uint32_t rank) {
  v1::RankHello hello;
  hello.set_attempt_id("attempt");
  hello.set_rank(rank);
  return hello;
}

TEST(DaemonLink, ARankIsToldItsWorkAndItsRecordIsTaken) {
  FakeRankDaemon daemon(Told());
  auto link = DaemonLink::Connect(daemon.path());
  ASSERT_TRUE(link.ok()) << link.status();
  bool lost = false;
  const auto told = (*link)->Introduce(HelloOfRank(0), [&lost] { lost = true; });
  ASSERT_TRUE(told.ok()) << told.status();
  EXPECT_EQ(told->work().job_id(), "job");
  v1::CaseResult record;
  record.mutable_case_()->set_index(3);
  EXPECT_TRUE((*link)->CaseStarted(3).ok());
  EXPECT_TRUE((*link)->Report(record).ok());
  EXPECT_TRUE((*link)->Done().ok());
  EXPECT_TRUE(daemon.Await(v1::RankMessage::kDone, 1));
  daemon.HangUp();
  link->reset();
  EXPECT_FALSE(lost) << "a daemon may hang up once all is done";
}

TEST(DaemonLink, LosingTheDaemonIsNoticedWhileNothingIsSent) {
  FakeRankDaemon daemon(Told());
  auto link = DaemonLink::Connect(daemon.path());
  ASSERT_TRUE(link.ok()) << link.status();
  absl::Notification lost;
  ASSERT_TRUE((*link)->Introduce(HelloOfRank(1), [&lost] { lost.Notify(); }).ok());
  daemon.HangUp();
  EXPECT_TRUE(lost.WaitForNotificationWithTimeout(absl::Seconds(30)));
}

TEST(DaemonLink, AMissingSocketIsNamed) {
  const auto link = DaemonLink::Connect("/tmp/no/such.sock");
  EXPECT_TRUE(absl::IsUnavailable(link.status()));
  EXPECT_THAT(std::string(link.status().message()), HasSubstr("/tmp/no/such.sock"));
}

}  // namespace
}  // namespace basisbench
