// SPDX-License-Identifier: Apache-2.0
// Tests of what is read from /sys, against folders made for the purpose.
#include <filesystem>
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "workers/measure/cache.h"
#include "workers/measure/energy.h"

namespace basisbench {
namespace {

using testing::HasSubstr;

class SystemFiles : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    root_ = testing::TempDir() + "system_files_" + test->name();
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void Write(const std::string& path, const std::string& text) {
    const std::filesystem::path file = std::filesystem::path(root_) / path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text << "\n";
  }

  void WriteDomain(const std::string& folder, const std::string& name, int64_t microjoules) {
    Write(folder + "/name", name);
    Write(folder + "/energy_uj", std::to_string(microjoules));
    Write(folder + "/max_energy_range_uj", "1000000000");
  }

  std::string root_;
};

TEST_F(SystemFiles, EnergyAddsPackagesAndMemoryOnly) {
  WriteDomain("intel-rapl:0", "package-0", 0);
  WriteDomain("intel-rapl:0:0", "core", 0);
  WriteDomain("intel-rapl:0:1", "dram", 0);
  WriteDomain("intel-rapl:1", "psys", 0);
  WriteDomain("intel-rapl-mmio:0", "package-0", 0);
  const auto counters = EnergyCounters::Open(root_);
  ASSERT_TRUE(counters.ok()) << counters.status();
  EXPECT_EQ(counters->Names(), "package-0, dram");
}

TEST_F(SystemFiles, EnergyOfAWindowIsTheDifferenceInJoules) {
  WriteDomain("intel-rapl:0", "package-0", 5'000'000);
  const auto counters = EnergyCounters::Open(root_);
  ASSERT_TRUE(counters.ok()) << counters.status();
  const EnergyReading begin{0, {5'000'000}};
  const EnergyReading end{2'500'000'000, {105'000'000}};
  EXPECT_DOUBLE_EQ(*counters->Joules(begin, end), 100);
}

TEST_F(SystemFiles, EnergyCounterThatFellHasWrappedOnce) {
  WriteDomain("intel-rapl:0", "package-0", 0);
  const auto counters = EnergyCounters::Open(root_);
  ASSERT_TRUE(counters.ok()) << counters.status();
  const EnergyReading begin{0, {999'000'000}};
  const EnergyReading end{2'500'000'000, {1'000'000}};
  EXPECT_DOUBLE_EQ(*counters->Joules(begin, end), 2);
}

TEST_F(SystemFiles, EnergyOfAShortWindowIsNotMeasured) {
  WriteDomain("intel-rapl:0", "package-0", 0);
  const auto counters = EnergyCounters::Open(root_);
  ASSERT_TRUE(counters.ok()) << counters.status();
  const auto joules = counters->Joules({0, {0}}, {1'900'000'000, {50}});
  EXPECT_EQ(joules.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(joules.status().message()), HasSubstr("1.9 s"));
}

TEST_F(SystemFiles, EnergyIsUnavailableWithoutCounters) {
  const auto counters = EnergyCounters::Open(root_ + "/missing");
  EXPECT_EQ(counters.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(counters.status().message()), HasSubstr("missing"));
}

TEST_F(SystemFiles, LastLevelCacheIsTheLargest) {
  Write("cpu0/cache/index0/size", "48K");
  Write("cpu0/cache/index2/size", "2048K");
  Write("cpu0/cache/index3/size", "32M");
  EXPECT_EQ(LastLevelCacheBytes(root_), int64_t{32} << 20);
}

TEST_F(SystemFiles, CacheOfUnknownSizeIsZero) {
  Write("cpu0/cache/index0/size", "many");
  EXPECT_EQ(LastLevelCacheBytes(root_), 0);
}

TEST_F(SystemFiles, FlushingWritesTwiceTheCache) {
  CacheFlusher flusher(1 << 20);
  flusher.Flush();
  EXPECT_EQ(flusher.bytes(), 2 << 20);
}

}  // namespace
}  // namespace basisbench
