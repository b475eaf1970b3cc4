// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/work_directory.h"

#include <sys/stat.h>

#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"
#include "tests/unit/workers/daemon/daemon_test_support.h"

namespace basisbench {
namespace {

TEST(WorkDirectory, IsPrivateAndKeepsTheSpoolOnly) {
  ScratchFolder folder;
  const std::string path = folder.path() + "/deep/work";
  {
    const auto first = WorkDirectory::Open(path);
    ASSERT_THAT(first, IsOk());
    std::ofstream((*first)->spool() + "/record") << "kept";
    std::filesystem::create_directory((*first)->attempts() + "/old");
  }
  const auto second = WorkDirectory::Open(path);
  ASSERT_THAT(second, IsOk());
  EXPECT_TRUE(std::filesystem::exists((*second)->spool() + "/record"));
  EXPECT_TRUE(std::filesystem::is_empty((*second)->attempts())) << "its processes are dead";
  for (const std::string& made : {path, (*second)->spool(), (*second)->attempts()}) {
    struct stat info {};
    ASSERT_EQ(::stat(made.c_str(), &info), 0) << made;
    EXPECT_EQ(info.st_mode & 0777, 0700u) << made;
  }
}

TEST(WorkDirectory, BelongsToOneDaemonAtATime) {
  ScratchFolder folder;
  auto first = WorkDirectory::Open(folder.path());
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(WorkDirectory::Open(folder.path()),
              Fails(absl::StatusCode::kAlreadyExists, folder.path()));
  first->reset();
  EXPECT_THAT(WorkDirectory::Open(folder.path()), IsOk());
}

TEST(WorkDirectory, NamesAPathThatCannotBeUsed) {
  const std::string longest = "/tmp/" + std::string(90, 'x');
  EXPECT_THAT(WorkDirectory::Open(longest), Fails(absl::StatusCode::kInvalidArgument, longest));
  EXPECT_THAT(WorkDirectory::Open("/proc/nowhere/work"),
              Fails(absl::StatusCode::kUnavailable, "/proc/nowhere/work"));
}

TEST(WorkDirectory, TheDefaultIsNamedAfterUserAndWorker) {
  EXPECT_TRUE(DefaultWorkDirectory("w7").ends_with("/w7"));
  EXPECT_NE(DefaultWorkDirectory("w7").find("/basisbench-"), std::string::npos);
}

}  // namespace
}  // namespace basisbench
