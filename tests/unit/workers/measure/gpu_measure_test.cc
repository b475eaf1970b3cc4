// SPDX-License-Identifier: Apache-2.0
// What a GPU tells about its energy, its clocks and its counters.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <vector>

#include "tests/fakes/fake_nvml.h"
#include "tests/fakes/status_matchers.h"
#include "workers/devices/cpu/cpu_device.h"
#include "workers/measure/device_cache.h"
#include "workers/measure/gpu_counters.h"
#include "workers/measure/gpu_energy.h"
#include "workers/measure/gpu_sampler.h"

namespace basisbench {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

constexpr int64_t kSecond = 1'000'000'000;

TEST(GpuEnergy, IsTheDifferenceInJoules) {
  EXPECT_DOUBLE_EQ(*GpuJoules({0, 5'000}, {2 * kSecond, 505'000}), 500);
}

TEST(GpuEnergy, OfAShortWindowIsAbsent) {
  EXPECT_THAT(GpuJoules({0, 5'000}, {2 * kSecond - 1, 505'000}),
              Fails(absl::StatusCode::kFailedPrecondition, "shorter than 2 s"));
}

TEST(GpuEnergy, OfACounterThatFellOrStoodStillIsAbsent) {
  EXPECT_THAT(GpuJoules({0, 5'000}, {3 * kSecond, 4'000}),
              Fails(absl::StatusCode::kFailedPrecondition, "from 5000 to 4000 mJ"));
  EXPECT_THAT(GpuJoules({0, 5'000}, {3 * kSecond, 5'000}),
              Fails(absl::StatusCode::kFailedPrecondition, "not measured"));
}

TEST(GpuEnergy, HandsOnWhyThereIsNoCounter) {
  FakeNvml nvml;
  nvml.Add("GPU-a");
  const auto gpu = GpuReadings::Open(nvml, "GPU-a");
  ASSERT_THAT(gpu, IsOk());
  EXPECT_EQ(ReadGpuEnergy(*gpu)->millijoules, 1000);
  nvml.fail["DeviceGetTotalEnergyConsumption"] = kNvmlNotSupported;
  EXPECT_THAT(ReadGpuEnergy(*gpu), Fails(absl::StatusCode::kUnimplemented, "not supported"));
}

TEST(GpuWatch, KeepsSpreadsAndShares) {
  FakeNvml nvml;
  FakeGpu& fake = nvml.Add("GPU-a");
  const auto gpu = GpuReadings::Open(nvml, "GPU-a");
  ASSERT_THAT(gpu, IsOk());
  GpuWatch watch;
  AddReading(*gpu, &watch);
  fake.sm_mhz = 900;
  fake.reasons = 0x4 | 0x2;  // a power cap and a setting
  AddReading(*gpu, &watch);
  fake.reasons = 0x1;  // idle: no throttling
  AddReading(*gpu, &watch);
  EXPECT_EQ(watch.readings, 3);
  EXPECT_EQ(watch.sm_mhz.min, 900);
  EXPECT_EQ(watch.sm_mhz.max, 1500);
  EXPECT_DOUBLE_EQ(watch.sm_mhz.mean(), 1100);
  EXPECT_DOUBLE_EQ(watch.watts.mean(), 250);
  EXPECT_EQ(watch.reason_readings, 3);
  EXPECT_EQ(watch.throttled, 1);
  EXPECT_THAT(watch.reasons,
              ElementsAre(Pair("clocks_setting", 1), Pair("gpu_idle", 1), Pair("sw_power_cap", 1)));
}

TEST(GpuWatch, CountsOnlyWhatWasRead) {
  FakeNvml nvml;
  nvml.Add("GPU-a");
  const auto gpu = GpuReadings::Open(nvml, "GPU-a");
  ASSERT_THAT(gpu, IsOk());
  nvml.fail["DeviceGetClockInfo"] = kNvmlNotSupported;
  nvml.fail["DeviceGetCurrentClocksEventReasons"] = kNvmlNoPermission;
  GpuWatch watch;
  AddReading(*gpu, &watch);
  EXPECT_EQ(watch.readings, 1);
  EXPECT_EQ(watch.sm_mhz.count, 0);
  EXPECT_THAT(watch.sm_mhz.missing, Fails(absl::StatusCode::kUnimplemented, "ClockInfo"));
  EXPECT_EQ(watch.reason_readings, 0);
  EXPECT_THAT(watch.reasons_missing, Fails(absl::StatusCode::kPermissionDenied, ""));
  EXPECT_EQ(watch.celsius.count, 1);
}

// Says when it has been asked often enough.
class CountingNvml : public FakeNvml {
 public:
  int DeviceGetTemperature(NvmlHandle gpu, unsigned* celsius) override {
    absl::MutexLock lock(&mutex_);
    ++asked_;
    return FakeNvml::DeviceGetTemperature(gpu, celsius);
  }
  void WaitUntilAsked(int times) {
    absl::MutexLock lock(&mutex_);
    const auto enough = [this, times]()
                            ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return asked_ >= times; };
    mutex_.Await(absl::Condition(&enough));
  }

 private:
  absl::Mutex mutex_;
  int asked_ ABSL_GUARDED_BY(mutex_) = 0;
};

TEST(GpuSampler, ReadsAgainAndAgainUntilItIsEnded) {
  CountingNvml nvml;
  nvml.Add("GPU-a");
  const auto gpu = GpuReadings::Open(nvml, "GPU-a");
  ASSERT_THAT(gpu, IsOk());
  GpuSampler sampler(*gpu, absl::Milliseconds(1));
  nvml.WaitUntilAsked(3);
  const GpuWatch watch = sampler.End();
  EXPECT_GE(watch.readings, 3);
  EXPECT_EQ(sampler.End().readings, watch.readings) << "it reads after its end";
}

TEST(GpuSampler, EndsWithoutWaitingForItsPeriod) {
  CountingNvml nvml;
  nvml.Add("GPU-a");
  const auto gpu = GpuReadings::Open(nvml, "GPU-a");
  ASSERT_THAT(gpu, IsOk());
  GpuSampler sampler(*gpu, absl::Hours(1));
  nvml.WaitUntilAsked(1);
  EXPECT_EQ(sampler.End().readings, 1);
}

TEST(GpuSampler, MayBeDroppedAtOnce) {
  FakeNvml nvml;
  nvml.Add("GPU-a");
  const auto gpu = GpuReadings::Open(nvml, "GPU-a");
  ASSERT_THAT(gpu, IsOk());
  GpuSampler sampler(*gpu, absl::Hours(1));
}

class GpuCounters : public testing::Test {
 protected:
  absl::Status Permitted(const std::string& driver, const std::string& status) {
    const std::string folder = testing::TempDir() + "gpu_counters_";
    std::ofstream(folder + "params") << driver;
    std::ofstream(folder + "status") << status;
    return GpuCountersPermitted(folder + "params", folder + "status");
  }
};

TEST_F(GpuCounters, AreWhoseTheDriverSays) {
  EXPECT_THAT(Permitted("Mobile: 1\nRmProfilingAdminOnly: 0\n", "CapEff:\t0000000000000000\n"),
              IsOk());
  EXPECT_THAT(Permitted("RmProfilingAdminOnly: 1\n", "Name:\tx\nCapEff:\t000001ffffffffff\n"),
              IsOk());
  EXPECT_THAT(Permitted("RmProfilingAdminOnly: 1\n", "CapEff:\t0000000000000000\n"),
              Fails(absl::StatusCode::kPermissionDenied, "RmProfilingAdminOnly"));
  EXPECT_THAT(Permitted("RmProfilingAdminOnly: 1\n", ""),
              Fails(absl::StatusCode::kPermissionDenied, "RmProfilingAdminOnly"));
}

TEST_F(GpuCounters, AreAbsentWithoutADriver) {
  EXPECT_THAT(GpuCountersPermitted("/nonexistent/params"),
              Fails(absl::StatusCode::kUnavailable, "/nonexistent/params"));
}

TEST(DeviceCacheFlusher, ReadsTwiceTheCache) {
  const auto device = MakeCpuDevice({});
  ASSERT_THAT(device, IsOk());
  constexpr int64_t kCache = 100'000;
  auto flusher = DeviceCacheFlusher::Make(**device, kCache);
  ASSERT_THAT(flusher, IsOk());
  EXPECT_GE(flusher->bytes(), 2 * kCache);
  EXPECT_LT(flusher->bytes(), 2 * kCache + 8192);
  EXPECT_THAT(flusher->Flush(), IsOk());
  EXPECT_THAT(flusher->Flush(), IsOk());
}

TEST(DeviceCacheFlusher, SaysWhenThereIsNoRoom) {
  const auto device = MakeCpuDevice({.memory_limit = 1000});
  ASSERT_THAT(device, IsOk());
  EXPECT_THAT(DeviceCacheFlusher::Make(**device, 100'000),
              Fails(absl::StatusCode::kResourceExhausted, ""));
}

}  // namespace
}  // namespace basisbench
