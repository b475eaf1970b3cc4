// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/fake_nvml.h"
#include "workers/daemon/nvml.h"

namespace basisbench {
namespace {

TEST(GpuInventory, ListsGpusAndInstancesAsTheyAre) {
  FakeNvml nvml;
  nvml.Add("GPU-a");
  FakeNvml::AddInstance(nvml.Add("GPU-b"), "MIG-1").memory_bytes = 5;
  std::string note;
  const auto gpus = ReadGpus(nvml, &note);
  ASSERT_EQ(gpus.size(), 2u);
  EXPECT_EQ(gpus[0].uuid(), "GPU-a");
  EXPECT_EQ(gpus[0].pci_bus_id(), "0000:3b:00.0") << "as the kernel writes it";
  EXPECT_EQ(gpus[1].uuid(), "MIG-1");
  EXPECT_EQ(gpus[1].index(), 1u);
  EXPECT_EQ(gpus[1].memory_bytes(), 5);
  EXPECT_EQ(note, "");
}

TEST(GpuInventory, SaysWhyThereIsNone) {
  FakeNvml nvml;
  std::string note;
  EXPECT_TRUE(ReadGpus(nvml, &note).empty());
  EXPECT_EQ(note, "the driver shows no GPU");
  nvml.fail["DeviceGetCount"] = 18;
  EXPECT_TRUE(ReadGpus(nvml, &note).empty());
  EXPECT_THAT(note, testing::HasSubstr("different versions"));
}

}  // namespace
}  // namespace basisbench
