// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/gpu_slots.h"

#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"
#include "tests/unit/workers/daemon/daemon_test_support.h"

namespace basisbench {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

v1::GpuInfo GpuOf(uint32_t index, const std::string& uuid, const std::string& pci = "") {
  v1::GpuInfo gpu;
  gpu.set_index(index);
  gpu.set_uuid(uuid);
  gpu.set_memory_bytes(100);
  gpu.set_pci_bus_id(pci);
  return gpu;
}

// Of GPU 1 there are two MIG instances.
std::vector<v1::GpuInfo> Gpus() {
  return {GpuOf(0, "GPU-a0"), GpuOf(1, "MIG-b1"), GpuOf(1, "MIG-b2"), GpuOf(2, "GPU-a2")};
}

absl::StatusOr<std::vector<std::string>> Visible(const std::optional<std::string>& variable) {
  const absl::StatusOr<std::vector<v1::GpuInfo>> gpus = VisibleGpus(Gpus(), variable);
  if (!gpus.ok()) return gpus.status();
  std::vector<std::string> uuids;
  for (const v1::GpuInfo& gpu : *gpus) uuids.push_back(gpu.uuid());
  return uuids;
}

TEST(VisibleGpus, TakesNumbersAndBeginningsOfUuidsInTheirOrder) {
  EXPECT_THAT(*Visible(std::nullopt), ElementsAre("GPU-a0", "MIG-b1", "MIG-b2", "GPU-a2"));
  EXPECT_THAT(*Visible("2,0"), ElementsAre("GPU-a2", "GPU-a0"));
  EXPECT_THAT(*Visible(" GPU-a2 , MIG-b2"), ElementsAre("GPU-a2", "MIG-b2"));
  EXPECT_THAT(*Visible("1"), ElementsAre("MIG-b1", "MIG-b2")) << "all instances of it";
  EXPECT_THAT(*Visible(""), IsEmpty());
  EXPECT_THAT(*Visible("-1"), IsEmpty());
  EXPECT_THAT(*Visible("0,-1,2"), ElementsAre("GPU-a0"));
}

TEST(VisibleGpus, NamesTheEntryThatIsWrong) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(Visible("0,3"), Fails(kInvalid,
                                    "CUDA_VISIBLE_DEVICES: '3' is no GPU; this node has 0 GPU-a0, "
                                    "1 MIG-b1, 1 MIG-b2, 2 GPU-a2"));
  EXPECT_THAT(Visible("GPU-z"), Fails(kInvalid, "'GPU-z' is no GPU"));
  EXPECT_THAT(Visible("-2"), Fails(kInvalid, "'-2' is no GPU"));
  EXPECT_THAT(Visible("all"), Fails(kInvalid, "'all' is no GPU"));
  EXPECT_THAT(Visible("GPU-a"), Fails(kInvalid, "'GPU-a' is the beginning of several"));
  EXPECT_THAT(Visible("0,GPU-a0"), Fails(kInvalid, "'GPU-a0' is there twice"));
}

class GpuSlotsTest : public testing::Test {
 protected:
  void Near(const std::string& pci, const std::string& cpus) {
    const std::string folder = root_.path() + "/sys/bus/pci/devices/" + pci;
    std::filesystem::create_directories(folder);
    std::ofstream(folder + "/local_cpulist") << cpus << "\n";
  }
  ScratchFolder root_;
};

TEST_F(GpuSlotsTest, ASlotHasAGpuAndTheCpusNearIt) {
  Near("0000:3b:00.0", "0-3");
  Near("0000:af:00.0", "4-7");
  const std::vector<v1::GpuInfo> gpus = {
      GpuOf(0, "a", "0000:3b:00.0"), GpuOf(1, "b", "0000:af:00.0"), GpuOf(2, "c", "0000:af:00.0")};
  EXPECT_THAT(CpusNear(gpus[1], root_.path()), ElementsAre(4, 5, 6, 7));
  const std::vector<Slot> slots = GpuSlots(gpus, 3, {0, 1, 2, 3, 4, 5, 6, 7}, root_.path());
  ASSERT_EQ(slots.size(), 3u);
  EXPECT_EQ(slots[0].gpu, "a");
  EXPECT_THAT(slots[0].cpus, ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(slots[1].cpus, ElementsAre(4, 5));
  EXPECT_EQ(slots[2].gpu, "c");
  EXPECT_THAT(slots[2].cpus, ElementsAre(6, 7));
  EXPECT_EQ(slots[2].memory_bytes, 100);
}

TEST_F(GpuSlotsTest, WithoutKnownCpusAllAreDivided) {
  Near("0000:3b:00.0", "8-9");  // none that the daemon may give
  Near("0000:af:00.0", "garbage");
  const std::vector<v1::GpuInfo> gpus = {GpuOf(0, "a", "0000:3b:00.0"),
                                         GpuOf(1, "b", "0000:af:00.0"), GpuOf(2, "c"),
                                         GpuOf(3, "d", "0000:ff:00.0")};
  const std::vector<Slot> slots = GpuSlots(gpus, 4, {0, 1, 2, 3}, root_.path());
  for (uint32_t i = 0; i < 4; ++i) EXPECT_THAT(slots[i].cpus, ElementsAre(i));
  EXPECT_THAT(GpuSlots({}, 4, {0}, ""), IsEmpty());
}

TEST_F(GpuSlotsTest, MoreSlotsThanGpusShareThemInTurn) {
  const std::vector<v1::GpuInfo> gpus = {GpuOf(0, "a"), GpuOf(1, "b")};
  const std::vector<Slot> slots = GpuSlots(gpus, 5, {0}, root_.path());
  std::vector<std::string> order;
  for (const Slot& slot : slots) order.push_back(slot.gpu);
  EXPECT_THAT(order, ElementsAre("a", "b", "a", "b", "a"));
  EXPECT_EQ(slots[0].memory_bytes, 33);
  EXPECT_EQ(slots[1].memory_bytes, 50);
}

}  // namespace
}  // namespace basisbench
