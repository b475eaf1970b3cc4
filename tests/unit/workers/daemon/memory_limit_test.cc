// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/memory_limit.h"

#include <fstream>
#include <map>

#include "gtest/gtest.h"
#include "tests/unit/workers/daemon/daemon_test_support.h"

namespace basisbench {
namespace {

constexpr int64_t kMiB = 1 << 20;

// Kernel files as a test wants them.
class MemoryLimitTest : public testing::Test {
 protected:
  void Write(const std::string& name, const std::string& content) {
    const std::filesystem::path path = folder_.path() + "/" + name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << content;
  }
  KernelPaths Paths() const { return {folder_.path() + "/proc", folder_.path() + "/cg"}; }

  ScratchFolder folder_;
};

TEST_F(MemoryLimitTest, TheSmallestLimitOfAllGroupsAboveCounts) {
  Write("proc/meminfo", "MemFree: 1 kB\nMemTotal:       1048576 kB\n");
  Write("proc/self/cgroup", "0::/outer/inner\n");
  EXPECT_EQ(UsableMemoryBytes(Paths()), 1024 * kMiB) << "no limit but the machine";
  Write("cg/outer/inner/memory.max", "max\n");
  EXPECT_EQ(UsableMemoryBytes(Paths()), 1024 * kMiB);
  Write("cg/outer/memory.max", "104857600\n");
  EXPECT_EQ(UsableMemoryBytes(Paths()), 100 * kMiB);
  Write("cg/outer/inner/memory.max", "209715200\n");
  EXPECT_EQ(UsableMemoryBytes(Paths()), 100 * kMiB);
  Write("cg/memory.max", "52428800\n");
  EXPECT_EQ(UsableMemoryBytes(Paths()), 50 * kMiB);
}

TEST_F(MemoryLimitTest, TheFirstVersionOfGroupsCountsToo) {
  Write("proc/meminfo", "MemTotal: 1048576 kB\n");
  Write("cg/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(UsableMemoryBytes(Paths()), 1024 * kMiB) << "its way to say no limit";
  Write("cg/memory/memory.limit_in_bytes", "52428800\n");
  EXPECT_EQ(UsableMemoryBytes(Paths()), 50 * kMiB);
}

TEST_F(MemoryLimitTest, TheQuotaIsInCpus) {
  Write("proc/self/cgroup", "0::/a/b\n");
  EXPECT_EQ(CpuQuota(Paths()), std::nullopt);
  Write("cg/a/b/cpu.max", "max 100000\n");
  EXPECT_EQ(CpuQuota(Paths()), std::nullopt);
  Write("cg/a/cpu.max", "250000 100000\n");
  EXPECT_EQ(CpuQuota(Paths()), 2.5);
  Write("cg/a/b/cpu.max", "50000 100000\n");
  EXPECT_EQ(CpuQuota(Paths()), 0.5);
  Write("cg/a/b/cpu.max", "50000 0\n");
  EXPECT_EQ(CpuQuota(Paths()), 2.5) << "nonsense is no quota";
}

TEST_F(MemoryLimitTest, KillsAreCountedWhereTheyAreCounted) {
  EXPECT_EQ(OutOfMemoryKills(Paths()), 0u);
  Write("proc/vmstat", "pgfault 3\noom_kill 7\n");
  EXPECT_EQ(OutOfMemoryKills(Paths()), 7u);
  Write("proc/self/cgroup", "0::/a\n");
  Write("cg/memory.events", "low 0\noom 5\noom_kill 4\n");
  EXPECT_EQ(OutOfMemoryKills(Paths()), 4u);
  Write("cg/a/memory.events", "low 0\noom 1\noom_kill 2\noom_group_kill 9\n");
  EXPECT_EQ(OutOfMemoryKills(Paths()), 2u) << "the innermost group";
}

TEST(MemoryLimit, ThisMachineHasMemory) {
  EXPECT_GT(UsableMemoryBytes(), 16 * kMiB);
  EXPECT_LT(UsableMemoryBytes(), int64_t{1} << 60);
}

}  // namespace
}  // namespace basisbench
