// SPDX-License-Identifier: Apache-2.0
// Real children that do what benchmarks and launchers do to get away from their parent.
#include "workers/daemon/process_tree.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <functional>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"
#include "tests/unit/workers/daemon/daemon_test_support.h"
#include "workers/daemon/reaper.h"

namespace basisbench {
namespace {

const absl::Duration kPatience = absl::Seconds(30);

bool Await(const std::function<bool()>& condition) {
  const absl::Time deadline = absl::Now() + kPatience;
  while (!condition()) {
    if (absl::Now() > deadline) return false;
    absl::SleepFor(absl::Milliseconds(2));
  }
  return true;
}

std::vector<pid_t> ZombieChildren() {
  std::vector<pid_t> zombies;
  for (const ProcessInfo& process : ListProcesses()) {
    if (process.parent == ::getpid() && process.state == 'Z') zombies.push_back(process.pid);
  }
  return zombies;
}

class ProcessTreeTest : public testing::Test {
 protected:
  // A shell of `tag` that runs the script; $R is a file to which each process adds a line once it
  // is where it wants to be.
  Child Start(const std::string& tag, const std::string& script) {
    SpawnOptions options;
    options.argv = {"sh", "-c", script};
    options.environment = {"PATH=/usr/bin:/bin", absl::StrCat(kProcessTagVariable, "=", tag),
                           absl::StrCat("R=", Ready())};
    auto child = reaper_.Spawn(options);
    EXPECT_THAT(child, IsOk());
    return child.ok() ? *std::move(child) : Child();
  }
  std::string Ready() const { return folder_.path() + "/ready"; }

  bool AwaitReady(int lines) {
    return Await([&] {
      std::ifstream file(Ready());
      std::string line;
      int count = 0;
      while (std::getline(file, line)) ++count;
      return count >= lines;
    });
  }

  void ExpectAllDead(const std::string& tag, const Child& root) {
    EXPECT_TRUE(ProcessesOfTag(tag).empty());
    EXPECT_TRUE(reaper_.Wait(root.pid, absl::Now() + kPatience).has_value());
  }
  void TearDown() override {
    EXPECT_TRUE(ZombieChildren().empty()) << "nothing is left uncollected";
  }

  ScratchFolder folder_;
  Reaper reaper_;
};

TEST_F(ProcessTreeTest, ListsThisProcessWithItsParent) {
  const std::vector<ProcessInfo> processes = ListProcesses();
  const auto self = std::find_if(processes.begin(), processes.end(),
                                 [](const ProcessInfo& p) { return p.pid == ::getpid(); });
  ASSERT_NE(self, processes.end());
  EXPECT_EQ(self->parent, ::getppid());
  EXPECT_EQ(self->state, 'R');
}

TEST_F(ProcessTreeTest, KillsGrandchildrenThatLeftTheirSession) {
  const Child root = Start("escape",
                           "setsid sh -c 'echo up >> $R; exec sleep 1000' & "
                           "echo up >> $R; sleep 1000");
  ASSERT_TRUE(AwaitReady(2));
  EXPECT_GE(ProcessesOfTag("escape").size(), 3u);
  EXPECT_THAT(KillProcessesOfTag(reaper_, "escape", {root.pid, absl::ZeroDuration(), kPatience}),
              IsOk());
  ExpectAllDead("escape", root);
}

TEST_F(ProcessTreeTest, KillsWhatForkedTwiceAndLostItsParent) {
  const Child root =
      Start("double", "(setsid sh -c '(echo up >> $R; exec sleep 1000) &' &) ; exit 0");
  ASSERT_TRUE(AwaitReady(1));
  ASSERT_TRUE(reaper_.Wait(root.pid, absl::Now() + kPatience).has_value()) << "the root is over";
  EXPECT_FALSE(ProcessesOfTag("double").empty()) << "its grandchild is not";
  EXPECT_THAT(KillProcessesOfTag(reaper_, "double", {-1, absl::ZeroDuration(), kPatience}), IsOk());
  EXPECT_TRUE(ProcessesOfTag("double").empty());
}

// A program that clears its environment still descends from one that carries the tag.
TEST_F(ProcessTreeTest, TheTagIsInheritedThroughTheTree) {
  const Child root = Start("inherit", "env -i R=$R sh -c 'echo up >> $R; sleep 1000; true' ; true");
  ASSERT_TRUE(AwaitReady(1));
  EXPECT_GE(ProcessesOfTag("inherit").size(), 3u);
  EXPECT_THAT(KillProcessesOfTag(reaper_, "inherit", {root.pid, absl::ZeroDuration(), kPatience}),
              IsOk());
  ExpectAllDead("inherit", root);
}

TEST_F(ProcessTreeTest, AsksTheRootFirst) {
  const Child root = Start("polite",
                           "trap 'echo asked >> $R; exit 0' TERM; echo up >> $R; "
                           "while :; do sleep 0.01; done");
  ASSERT_TRUE(AwaitReady(1));
  EXPECT_THAT(KillProcessesOfTag(reaper_, "polite", {root.pid, kPatience, 2 * kPatience}), IsOk());
  const auto status = reaper_.Wait(root.pid, absl::Now() + kPatience);
  ASSERT_TRUE(status.has_value());
  EXPECT_EQ(DescribeWaitStatus(*status), "exit status 0") << "it was not killed";
  EXPECT_TRUE(AwaitReady(2));
}

TEST_F(ProcessTreeTest, KillsWhatDoesNotListen) {
  const Child root = Start("deaf", "trap '' TERM; echo up >> $R; while :; do sleep 0.01; done");
  ASSERT_TRUE(AwaitReady(1));
  EXPECT_THAT(KillProcessesOfTag(reaper_, "deaf", {root.pid, absl::Milliseconds(50), kPatience}),
              IsOk());
  const auto status = reaper_.Wait(root.pid, absl::Now() + kPatience);
  ASSERT_TRUE(status.has_value());
  EXPECT_EQ(DescribeWaitStatus(*status), "signal 9 (Killed)");
}

TEST_F(ProcessTreeTest, LeavesOtherTagsAlone) {
  const Child victim = Start("victim", "echo up >> $R; exec sleep 1000");
  const Child other = Start("victim2", "echo up >> $R; exec sleep 1000");
  ASSERT_TRUE(AwaitReady(2));
  EXPECT_THAT(KillProcessesOfTag(reaper_, "victim", {-1, absl::ZeroDuration(), kPatience}), IsOk());
  EXPECT_EQ(ProcessesOfTag("victim2").size(), 1u);
  EXPECT_FALSE(reaper_.Wait(other.pid, absl::Now()).has_value());
  EXPECT_THAT(KillProcessesOfTag(reaper_, "victim2", {-1, absl::ZeroDuration(), kPatience}),
              IsOk());
  ExpectAllDead("victim", victim);
  ExpectAllDead("victim2", other);
}

TEST_F(ProcessTreeTest, WithNothingToKillItIsDoneAtOnce) {
  EXPECT_THAT(KillProcessesOfTag(reaper_, "nobody", {}), IsOk());
}

}  // namespace
}  // namespace basisbench
