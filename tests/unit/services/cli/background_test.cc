// SPDX-License-Identifier: Apache-2.0
#include "services/cli/background.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/cli/local_cluster.h"
#include "services/cli/local_state.h"
#include "services/cli/node_share.h"

namespace basisbench {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class BackgroundTest : public ::testing::Test {
 protected:
  BackgroundTest() {
    std::string pattern = ::testing::TempDir() + "/cli-XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  ~BackgroundTest() override { std::filesystem::remove_all(directory_); }

  void WriteProgram(const std::string& name, const std::string& script) {
    const std::string path = directory_ + "/" + name;
    std::ofstream(path) << "#!/bin/sh\n" << script << "\n";
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  }
  absl::StatusOr<BackgroundProcess> Start(const std::string& script) {
    return StartBackground({"/bin/sh", "-c", script}, directory_ + "/log");
  }

  std::string directory_;
};

TEST_F(BackgroundTest, FindsAProcessAgainAndStopsIt) {
  const auto process = Start("exec sleep 1000");
  ASSERT_TRUE(process.ok()) << process.status();
  ASSERT_TRUE(WritePidFile(directory_ + "/pid", *process).ok());
  const auto found = ReadPidFile(directory_ + "/pid");
  ASSERT_TRUE(found);
  EXPECT_TRUE(IsAlive(*found));
  const auto killed = StopAll({*found}, absl::Seconds(20));
  ASSERT_TRUE(killed.ok());
  EXPECT_EQ(*killed, 0);
  EXPECT_FALSE(IsAlive(*found));
}

TEST_F(BackgroundTest, KillsWhatIgnoresTheRequest) {
  const auto process =
      Start("trap '' TERM; echo ready > " + directory_ + "/ready; while :; do sleep 1; done");
  ASSERT_TRUE(process.ok());
  const absl::Time deadline = absl::Now() + absl::Seconds(20);
  while (!std::filesystem::exists(directory_ + "/ready") && absl::Now() < deadline) usleep(1000);
  const auto killed = StopAll({*process}, absl::Milliseconds(50));
  ASSERT_TRUE(killed.ok());
  EXPECT_EQ(*killed, 1);
}

TEST_F(BackgroundTest, LeavesStrangersWithARecycledPidAlone) {
  const auto process = Start("exec sleep 1000");
  ASSERT_TRUE(process.ok());
  BackgroundProcess stranger = *process;
  ++stranger.start_ticks;
  EXPECT_FALSE(IsAlive(stranger));
  EXPECT_TRUE(StopAll({stranger}, absl::ZeroDuration()).ok());
  BackgroundProcess other_boot = *process;
  other_boot.boot = "another";
  EXPECT_FALSE(IsAlive(other_boot));
  EXPECT_TRUE(IsAlive(*process));
  EXPECT_TRUE(StopAll({*process}, absl::Seconds(20)).ok());
}

TEST_F(BackgroundTest, TakesNoGarbageForAPidFile) {
  for (const char* text : {"", "1 2 boot", "-5 2 boot", "12", "x y z", "99999999999 1 b"}) {
    std::ofstream(directory_ + "/pid") << text;
    EXPECT_FALSE(ReadPidFile(directory_ + "/pid")) << text;
  }
  EXPECT_FALSE(ReadPidFile(directory_ + "/none"));
}

TEST_F(BackgroundTest, KeepsOurVariablesAndSignalsFromTheChild) {
  setenv("BASISBENCH_SLOTS", "9", 1);
  const auto process = Start("echo [$BASISBENCH_SLOTS]; grep SigBlk /proc/self/status");
  unsetenv("BASISBENCH_SLOTS");
  ASSERT_TRUE(process.ok());
  const absl::Time deadline = absl::Now() + absl::Seconds(20);
  while (IsAlive(*process) && absl::Now() < deadline) usleep(1000);
  std::ifstream log(directory_ + "/log");
  const std::string text((std::istreambuf_iterator<char>(log)), std::istreambuf_iterator<char>());
  EXPECT_THAT(text, HasSubstr("[]\n"));
  EXPECT_THAT(text, HasSubstr("0000000000000000"));
}

TEST_F(BackgroundTest, UpExplainsACoordinatorThatEndsAndLeavesNothing) {
  WriteProgram("basisbench-coordinator", "echo disk on fire; exit 3");
  Interrupt interrupt;
  const LocalOptions options{.directory = directory_ + "/state", .programs = directory_};
  const auto report = BringUp(options, interrupt);
  EXPECT_TRUE(absl::IsUnavailable(report.status()));
  EXPECT_THAT(std::string(report.status().message()), HasSubstr("disk on fire"));
  EXPECT_EQ(ReadLocalState(LocalFiles(options.directory)).Summary(), "down");
}

TEST_F(BackgroundTest, UpGivesUpAtItsDeadlineAndStopsWhatItStarted) {
  WriteProgram("basisbench-coordinator", "echo $$ > " + directory_ + "/pid; exec sleep 1000");
  Interrupt interrupt;
  const LocalOptions options{
      .directory = directory_ + "/state", .programs = directory_, .wait = absl::Milliseconds(200)};
  const auto report = BringUp(options, interrupt);
  EXPECT_TRUE(absl::IsDeadlineExceeded(report.status()));
  const LocalState state = ReadLocalState(LocalFiles(options.directory));
  EXPECT_EQ(state.Summary(), "down");
  EXPECT_FALSE(state.coordinator.process);
}

TEST_F(BackgroundTest, UpNamesAMissingProgram) {
  Interrupt interrupt;
  const auto report = BringUp({.directory = directory_, .programs = "/nowhere"}, interrupt);
  EXPECT_TRUE(absl::IsNotFound(report.status()));
  EXPECT_THAT(std::string(report.status().message()), HasSubstr("/nowhere/basisbench-coordinator"));
}

TEST_F(BackgroundTest, DownRemovesStaleFilesAndMakesNone) {
  const LocalFiles files(directory_);
  std::ofstream(files.Pid("local-1")) << getpid() << " 1 another-boot\n";
  const auto report = TakeDown(directory_, absl::Seconds(1));
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->stale, 1);
  EXPECT_EQ(report->stopped, 0);
  EXPECT_FALSE(std::filesystem::exists(files.Pid("local-1")));
  EXPECT_TRUE(TakeDown(directory_ + "/none", absl::Seconds(1)).ok());
  EXPECT_FALSE(std::filesystem::exists(directory_ + "/none"));
}

TEST_F(BackgroundTest, StatusTellsScriptsWhereToGo) {
  const Json json = LocalStateJson(ReadLocalState(LocalFiles(directory_)));
  EXPECT_EQ(json["state"], "down");
  EXPECT_TRUE(json["coordinator"].is_null() && json["page"].is_null());
  EXPECT_TRUE(json["workers"].empty());
}

TEST(LocalFiles, KeepsWorkDirectoriesShortEnoughForSockets) {
  EXPECT_EQ(LocalFiles("/a/b/").WorkDirectory(2), "/a/b/w2");
  const LocalFiles deep("/" + std::string(100, 'd'));
  EXPECT_LE(deep.WorkDirectory(64).size(), 80u);
  EXPECT_NE(deep.WorkDirectory(1), LocalFiles("/" + std::string(100, 'e')).WorkDirectory(1));
}

TEST(NodeShare, GivesEachWorkerCpusAndMemoryOfItsOwn) {
  const NodeShare whole{.cpus = {0, 1, 2, 5, 6}, .memory_bytes = 1000};
  EXPECT_THAT(DivideNode(whole, 0, 2).cpus, ElementsAre(0, 1));
  EXPECT_THAT(DivideNode(whole, 1, 2).cpus, ElementsAre(2, 5, 6));
  EXPECT_EQ(DivideNode(whole, 1, 2).memory_bytes, 500);
  EXPECT_THAT(DivideNode({.cpus = {3, 4}, .memory_bytes = 9}, 2, 3).cpus, ElementsAre(3));
}

}  // namespace
}  // namespace basisbench
