// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/reaper.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"
#include "workers/daemon/framing.h"
#include "workers/daemon/process_tree.h"

namespace basisbench {
namespace {

const absl::Duration kPatience = absl::Seconds(30);

std::string ReadToEnd(int fd) {
  std::string content;
  char chunk[4096];
  const absl::Time deadline = absl::Now() + kPatience;
  while (absl::Now() < deadline) {
    pollfd entry{fd, POLLIN, 0};
    if (::poll(&entry, 1, 1000) <= 0) continue;
    const ssize_t got = ::read(fd, chunk, sizeof chunk);
    if (got == 0) return content;
    if (got > 0) content.append(chunk, static_cast<size_t>(got));
  }
  ADD_FAILURE() << "the stream does not end";
  return content;
}

class ReaperTest : public testing::Test {
 protected:
  absl::StatusOr<Child> Shell(const std::string& script, SpawnOptions options = {}) {
    options.argv = {"sh", "-c", script};
    options.environment.push_back("PATH=/usr/bin:/bin");
    return reaper_.Spawn(options);
  }
  std::string EndOf(const Child& child) {
    const auto status = reaper_.Wait(child.pid, absl::Now() + kPatience);
    return status.has_value() ? DescribeWaitStatus(*status) : "still runs";
  }

  Reaper reaper_;
};

TEST_F(ReaperTest, AChildHasItsOwnStreamsAndOnlyItsOwnEnvironment) {
  ::setenv("BASISBENCH_TEST_SECRET", "leaked", 1);
  SpawnOptions options;
  options.pipe_stdin = true;
  auto child = Shell("cat; echo \"<$BASISBENCH_TEST_SECRET>\"; echo oops >&2; exit 3", options);
  ASSERT_THAT(child, IsOk());
  ASSERT_THAT(WriteAll(child->input.get(), "hello ", absl::Now() + kPatience), IsOk());
  child->input.Reset();
  EXPECT_EQ(ReadToEnd(child->output.get()), "hello <>\n");
  EXPECT_EQ(ReadToEnd(child->error.get()), "oops\n");
  EXPECT_EQ(EndOf(*child), "exit status 3");
}

TEST_F(ReaperTest, AChildGetsNoDescriptorOfOurs) {
  const int leaked = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC
  ASSERT_GT(leaked, 2);
  auto child = Shell("ls /proc/self/fd | sort -n | tail -n 1");
  ASSERT_THAT(child, IsOk());
  // ls itself has opened the folder: 3.
  EXPECT_EQ(ReadToEnd(child->output.get()), "3\n");
  EXPECT_EQ(EndOf(*child), "exit status 0");
  ::close(leaked);
}

TEST_F(ReaperTest, AChildLeadsASessionWithDefaultSignals) {
  auto child = Shell("cut -d' ' -f6 /proc/$$/stat; echo $$; grep SigIgn /proc/$$/status | cut -f2");
  ASSERT_THAT(child, IsOk());
  const std::vector<std::string> lines = absl::StrSplit(ReadToEnd(child->output.get()), '\n');
  ASSERT_GE(lines.size(), 3u);
  EXPECT_EQ(lines[0], lines[1]);
  // Signals 32 and 33 are the C library's own.
  EXPECT_EQ(std::strtoull(lines[2].c_str(), nullptr, 16) & 0x7fffffff, 0u) << lines[2];
  EXPECT_EQ(EndOf(*child), "exit status 0");
}

TEST_F(ReaperTest, AProgramThatIsNotThereIsNamed) {
  SpawnOptions options;
  options.argv = {"/no/such/program"};
  EXPECT_THAT(reaper_.Spawn(options),
              Fails(absl::StatusCode::kNotFound, "no program '/no/such/program'"));
  options.argv = {"/etc/passwd"};
  EXPECT_THAT(reaper_.Spawn(options),
              Fails(absl::StatusCode::kUnavailable, "cannot start '/etc/passwd'"));
}

TEST_F(ReaperTest, WaitingHasADeadlineAndTheHandleTellsTheEnd) {
  auto child = Shell("exec sleep 1000");
  ASSERT_THAT(child, IsOk());
  EXPECT_FALSE(reaper_.Wait(child->pid, absl::Now() + absl::Milliseconds(5)).has_value());
  ::kill(child->pid, SIGTERM);
  if (child->ended.valid()) {
    pollfd entry{child->ended.get(), POLLIN, 0};
    EXPECT_EQ(::poll(&entry, 1, 30'000), 1);
  }
  EXPECT_EQ(EndOf(*child), "signal 15 (Terminated)");
}

TEST_F(ReaperTest, AStatusIsKeptForItsOwnerWhileOrphansAreCollected) {
  auto child = Shell("(exec sh -c 'exit 0') & exit 7");
  ASSERT_THAT(child, IsOk());
  ReadToEnd(child->output.get());
  for (int i = 0; i < 50; ++i) reaper_.ReapOrphans();
  EXPECT_EQ(EndOf(*child), "exit status 7");
}

TEST_F(ReaperTest, InheritedOrphansAreCollectedWithoutBeingAsked) {
  auto child = Shell("for i in 1 2 3 4 5; do (setsid sh -c 'sleep 0.01' &) ; done");
  ASSERT_THAT(child, IsOk());
  EXPECT_EQ(EndOf(*child), "exit status 0");
  const auto any_child = [] {
    for (const ProcessInfo& process : ListProcesses()) {
      if (process.parent == ::getpid()) return true;
    }
    return false;
  };
  const absl::Time deadline = absl::Now() + kPatience;
  while (any_child() && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(5));
  EXPECT_FALSE(any_child());
}

TEST_F(ReaperTest, ManyThreadsMaySpawnAtOnce) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < 10; ++i) {
        auto child = Shell(absl::StrCat("exit ", t));
        ASSERT_THAT(child, IsOk());
        EXPECT_EQ(EndOf(*child), absl::StrCat("exit status ", t));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(ReaperTest, TheGuardRunsTheProgramAndDiesWithItsParent) {
  const char* programs = std::getenv("BASISBENCH_BIN");
  if (programs == nullptr) GTEST_SKIP() << "BASISBENCH_BIN is not set";
  SpawnOptions options;
  options.guard = absl::StrCat(programs, "/basisbench-guard");
  if (::access(options.guard.c_str(), X_OK) != 0) GTEST_SKIP() << options.guard << " is not built";
  auto good = Shell("exit 5", options);
  ASSERT_THAT(good, IsOk());
  EXPECT_EQ(EndOf(*good), "exit status 5");
  // A shell between: the guarded program dies when that shell is killed.
  auto shell = Shell(absl::StrCat(options.guard, " --parent $$ sleep 1000 & echo $!; wait"));
  ASSERT_THAT(shell, IsOk());
  std::string line;
  char c = 0;
  const absl::Time deadline = absl::Now() + kPatience;
  while (c != '\n' && absl::Now() < deadline) {
    if (::read(shell->output.get(), &c, 1) == 1) line.push_back(c);
  }
  const pid_t guarded = std::atoi(line.c_str());
  ASSERT_GT(guarded, 0);
  ::kill(shell->pid, SIGKILL);
  EXPECT_EQ(EndOf(*shell), "signal 9 (Killed)");
  while (::kill(guarded, 0) == 0 && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(5));
  EXPECT_NE(::kill(guarded, 0), 0) << "it outlived its parent";
}

TEST(WaitStatus, IsDescribed) {
  EXPECT_EQ(DescribeWaitStatus(0), "exit status 0");
  EXPECT_EQ(DescribeWaitStatus(3 << 8), "exit status 3");
  EXPECT_EQ(DescribeWaitStatus(SIGSEGV), "signal 11 (Segmentation fault)");
  EXPECT_EQ(ShellStatus(3 << 8), 3);
  EXPECT_EQ(ShellStatus(SIGKILL), 137);
}

}  // namespace
}  // namespace basisbench
