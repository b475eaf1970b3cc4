// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/fake_nvml.h"
#include "tests/fakes/status_matchers.h"
#include "workers/devices/nvml/gpu_list.h"
#include "workers/devices/nvml/gpu_readings.h"

namespace basisbench {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Uuids(FakeNvml& nvml) {
  std::vector<std::string> uuids;
  const auto gpus = ListGpus(nvml);
  EXPECT_THAT(gpus, IsOk());
  for (const ListedGpu& gpu : *gpus) uuids.push_back(gpu.uuid);
  return uuids;
}

TEST(Nvml, MachineWithoutADriverSaysSo) {
  const auto nvml = LoadNvml();
  if (nvml.ok()) GTEST_SKIP() << "this machine has a driver";
  EXPECT_THAT(nvml, Fails(absl::StatusCode::kUnavailable, ""));
  EXPECT_FALSE(nvml.status().message().empty());
}

TEST(Nvml, CodesNameTheCallAndTheReason) {
  EXPECT_THAT(CheckNvml(0, "nvmlX"), IsOk());
  EXPECT_THAT(CheckNvml(3, "nvmlX"),
              Fails(absl::StatusCode::kUnimplemented, "nvmlX returned 3 (not supported)"));
  EXPECT_THAT(CheckNvml(13, "nvmlX"), Fails(absl::StatusCode::kUnimplemented, "lacks"));
  EXPECT_THAT(CheckNvml(4, "nvmlX"), Fails(absl::StatusCode::kPermissionDenied, "permission"));
  EXPECT_THAT(CheckNvml(999, "nvmlX"), Fails(absl::StatusCode::kUnavailable, "999"));
}

TEST(GpuList, TellsWhatARankNeeds) {
  FakeNvml nvml;
  nvml.Add("GPU-a");
  nvml.Add("GPU-b").memory_bytes = 7;
  const auto gpus = ListGpus(nvml);
  ASSERT_THAT(gpus, IsOk());
  ASSERT_EQ(gpus->size(), 2u);
  EXPECT_EQ(gpus->at(1).index, 1u);
  EXPECT_EQ(gpus->at(1).uuid, "GPU-b");
  EXPECT_EQ(gpus->at(1).name, "Test GPU");
  EXPECT_EQ(gpus->at(1).memory_bytes, 7);
  EXPECT_EQ(gpus->at(1).pci_bus_id, "0000:3b:00.0");
}

TEST(GpuList, OfADividedGpuShowsItsInstances) {
  FakeNvml nvml;
  FakeGpu& divided = nvml.Add("GPU-a");
  FakeNvml::AddInstance(divided, "MIG-1");
  divided.instances.push_back(nullptr);
  FakeNvml::AddInstance(divided, "MIG-2");
  nvml.Add("GPU-b");
  EXPECT_THAT(Uuids(nvml), ElementsAre("MIG-1", "MIG-2", "GPU-b"));
}

TEST(GpuList, ADividedGpuWithoutInstancesHasNothingToOffer) {
  FakeNvml nvml;
  nvml.Add("GPU-a").mig = true;
  EXPECT_THAT(Uuids(nvml), IsEmpty());
}

TEST(GpuList, AGpuThatDoesNotKnowMigIsWhole) {
  FakeNvml nvml;
  nvml.Add("GPU-a");
  nvml.fail["DeviceGetMigMode"] = kNvmlNotSupported;
  EXPECT_THAT(Uuids(nvml), ElementsAre("GPU-a"));
}

TEST(GpuList, LeavesOutALostGpuAndNeverInventsZeros) {
  FakeNvml nvml;
  nvml.Add("GPU-a");
  nvml.fail["DeviceGetMemoryInfo"] = 15;
  EXPECT_THAT(Uuids(nvml), IsEmpty());
  nvml.fail["DeviceGetCount"] = 18;
  EXPECT_THAT(ListGpus(nvml), Fails(absl::StatusCode::kUnavailable, "nvmlDeviceGetCount"));
}

TEST(GpuReadings, AreInTheirUnits) {
  FakeNvml nvml;
  FakeGpu& gpu = nvml.Add("GPU-a");
  gpu.reasons = 0x4 | 0x1;
  const auto readings = GpuReadings::Open(nvml, "GPU-a");
  ASSERT_THAT(readings, IsOk());
  EXPECT_EQ(readings->name(), "Test GPU");
  EXPECT_EQ(*readings->DriverVersion(), "580.01");
  EXPECT_EQ(*readings->EnergyMillijoules(), 1000);
  EXPECT_DOUBLE_EQ(*readings->PowerWatts(), 250);
  EXPECT_DOUBLE_EQ(*readings->SmClockMhz(), 1500);
  EXPECT_DOUBLE_EQ(*readings->MemoryClockMhz(), 2600);
  EXPECT_DOUBLE_EQ(*readings->TemperatureCelsius(), 40);
  EXPECT_EQ(*readings->PerformanceState(), 0);
  EXPECT_THAT(ClockReasonNames(*readings->ClockReasons()), ElementsAre("gpu_idle", "sw_power_cap"));
}

TEST(GpuReadings, WhatIsNotThereIsAbsentWithItsReason) {
  FakeNvml nvml;
  nvml.Add("GPU-a").performance_state = 32;
  const auto readings = GpuReadings::Open(nvml, "GPU-a");
  ASSERT_THAT(readings, IsOk());
  for (const char* call :
       {"DeviceGetTotalEnergyConsumption", "DeviceGetPowerUsage", "DeviceGetClockInfo",
        "DeviceGetTemperature", "DeviceGetCurrentClocksEventReasons", "SystemGetDriverVersion"}) {
    nvml.fail[call] = kNvmlNotSupported;
  }
  const auto missing = Fails(absl::StatusCode::kUnimplemented, "not supported");
  EXPECT_THAT(readings->EnergyMillijoules(), missing);
  EXPECT_THAT(readings->PowerWatts(), missing);
  EXPECT_THAT(readings->SmClockMhz(), missing);
  EXPECT_THAT(readings->MemoryClockMhz(), missing);
  EXPECT_THAT(readings->TemperatureCelsius(), missing);
  EXPECT_THAT(readings->ClockReasons(), missing);
  EXPECT_THAT(readings->DriverVersion(), missing);
  EXPECT_THAT(readings->PerformanceState(), Fails(absl::StatusCode::kUnavailable, "no state"));
}

TEST(GpuReadings, AnInstanceHasTheClocksOfItsGpuButNoEnergy) {
  FakeNvml nvml;
  FakeGpu& divided = nvml.Add("GPU-a");
  divided.sm_mhz = 1234;
  FakeNvml::AddInstance(divided, "MIG-1").name = "Test GPU MIG 1g";
  const auto readings = GpuReadings::Open(nvml, "MIG-1");
  ASSERT_THAT(readings, IsOk());
  EXPECT_EQ(readings->name(), "Test GPU MIG 1g");
  EXPECT_DOUBLE_EQ(*readings->SmClockMhz(), 1234);
  EXPECT_THAT(readings->EnergyMillijoules(), Fails(absl::StatusCode::kUnimplemented, "MIG"));
}

TEST(GpuReadings, RefuseAnUnknownGpuByName) {
  FakeNvml nvml;
  EXPECT_THAT(GpuReadings::Open(nvml, "GPU-x"), Fails(absl::StatusCode::kNotFound, "GPU-x"));
}

TEST(GpuReadings, NameUnknownReasonsByTheirBit) {
  EXPECT_THAT(ClockReasonNames(0x400), ElementsAre("reason 0x400"));
  EXPECT_THAT(ClockReasonNames(0), IsEmpty());
}

}  // namespace
}  // namespace basisbench
