// SPDX-License-Identifier: Apache-2.0
// Following a job through `basisbench watch`: resuming, progress, interrupts.
#include "services/cli/watcher.h"

#include <atomic>

#include "absl/strings/str_split.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/services/cli/fake_coordinator.h"
#include "tests/unit/services/cli/records.h"

namespace basisbench {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

v1::WatchJobResponse JobEvent(uint64_t sequence, v1::JobState state) {
  v1::WatchJobResponse event;
  event.set_sequence(sequence);
  *event.mutable_job() = JobIn(state);
  return event;
}

v1::WatchJobResponse ResultEvent(uint64_t sequence, uint32_t index) {
  v1::WatchJobResponse event;
  event.set_sequence(sequence);
  *event.mutable_result() = Record("matmul", 0.01);
  event.mutable_result()->mutable_case_()->set_index(index);
  return event;
}

size_t CountOf(const std::string& text, const std::string& part) {
  return std::vector<std::string>(absl::StrSplit(text, part)).size() - 1;
}

TEST(Watcher, ResumesAfterALostConnectionWithoutRepeating) {
  FakeCoordinator fake;
  fake.watch = [](uint64_t after, grpc::ServerContext*, auto* writer) -> grpc::Status {
    if (after == 0) {
      writer->Write(JobEvent(1, v1::JOB_STATE_RUNNING));
      writer->Write(ResultEvent(2, 0));
      return {grpc::StatusCode::UNAVAILABLE, "cut"};
    }
    writer->Write(ResultEvent(2, 0));  // a replay the client knows
    writer->Write(ResultEvent(3, 1));
    writer->Write(JobEvent(4, v1::JOB_STATE_SUCCEEDED));
    return grpc::Status::OK;
  };
  const Ran ran = RunWords({"--coordinator", fake.target(), "watch", "j1"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(fake.watched_from(), ElementsAre(0u, 2u));
  EXPECT_EQ(CountOf(ran.err, "[1/2]"), 1u) << ran.err;
  EXPECT_EQ(CountOf(ran.err, "[2/2]"), 1u) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("lost, trying again"));
}

TEST(Watcher, WritesPlainLinesOffATerminal) {
  FakeCoordinator fake;
  fake.watch = [](uint64_t, grpc::ServerContext*, auto* writer) {
    writer->Write(JobEvent(1, v1::JOB_STATE_RUNNING));
    v1::WatchJobResponse progress;
    progress.mutable_progress()->set_label("matmul 8x8x8");
    progress.mutable_progress()->set_phase("measure");
    progress.mutable_progress()->set_eta_seconds(61);
    writer->Write(progress);
    writer->Write(JobEvent(2, v1::JOB_STATE_FAILED));
    return grpc::Status::OK;
  };
  const Ran quiet = RunWords({"--coordinator", fake.target(), "watch", "j1"});
  EXPECT_EQ(quiet.code, 1);
  EXPECT_THAT(quiet.err, Not(HasSubstr("\033")));
  EXPECT_THAT(quiet.err, Not(HasSubstr("\r")));
  EXPECT_THAT(quiet.err, Not(HasSubstr("ETA")));
  const Ran verbose = RunWords({"--coordinator", fake.target(), "-v", "watch", "j1"});
  EXPECT_THAT(verbose.err, HasSubstr("matmul 8x8x8  measure  ETA 1:01\n"));
}

// Watches until the server has seen the call, then interrupts.
Ran Interrupted(FakeCoordinator& fake, std::vector<std::string> words) {
  Interrupt interrupt;
  fake.watch = [&](uint64_t, grpc::ServerContext* context, auto* writer) {
    writer->Write(JobEvent(1, v1::JOB_STATE_RUNNING));
    EXPECT_TRUE(interrupt.Request());
    const absl::Time deadline = absl::Now() + absl::Seconds(20);
    while (!context->IsCancelled() && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(1));
    EXPECT_TRUE(context->IsCancelled());
    return grpc::Status::CANCELLED;
  };
  words.insert(words.begin(), {"--coordinator", fake.target()});
  return RunWords(words, interrupt);
}

TEST(Watcher, DetachesOnInterruptAndSaysHowToGoOn) {
  FakeCoordinator fake;
  const Ran ran = Interrupted(fake, {"watch", "j1"});
  EXPECT_EQ(ran.code, 130);
  EXPECT_THAT(ran.err, HasSubstr("basisbench watch j1"));
  EXPECT_THAT(ran.err, HasSubstr("basisbench cancel j1"));
}

TEST(Watcher, CancelsOnInterruptWhenAsked) {
  FakeCoordinator fake;
  std::atomic<int> cancelled = 0;
  fake.cancel = [&](v1::Job* job) {
    ++cancelled;
    *job = JobIn(v1::JOB_STATE_RUNNING);
    return grpc::Status::OK;
  };
  EXPECT_EQ(Interrupted(fake, {"watch", "j1", "--cancel-on-interrupt"}).code, 130);
  EXPECT_EQ(cancelled, 1);
}

TEST(Watcher, GivesUpOnACoordinatorThatStaysAway) {
  FakeCoordinator fake;
  fake.watch = [](uint64_t, grpc::ServerContext*, auto*) -> grpc::Status {
    return {grpc::StatusCode::UNAVAILABLE, "no"};
  };
  EXPECT_EQ(RunWords({"--coordinator", fake.target(), "--timeout", "10ms", "watch", "j1"}).code, 5);
}

}  // namespace
}  // namespace basisbench
