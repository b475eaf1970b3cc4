// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/inventory.h"

#include <sched.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"

namespace basisbench {
namespace {

TEST(ReadInventory, FindsThisMachine) {
  const auto inventory = ReadInventory({});
  ASSERT_THAT(inventory, IsOk());
  cpu_set_t allowed;
  ASSERT_EQ(::sched_getaffinity(0, sizeof allowed, &allowed), 0);
  EXPECT_EQ(inventory->cpus_size(), CPU_COUNT(&allowed));
  for (const uint32_t cpu : inventory->cpus()) EXPECT_TRUE(CPU_ISSET(cpu, &allowed)) << cpu;
  EXPECT_GE(inventory->numa_nodes(), 1u);
  EXPECT_GT(inventory->memory_bytes(), 0);
  EXPECT_FALSE(inventory->hostname().empty());
  EXPECT_FALSE(inventory->cpu_model().empty());
}

TEST(ReadInventory, OffersWhatItIsToldToAndNoMore) {
  const auto all = ReadInventory({});
  ASSERT_THAT(all, IsOk());
  InventoryOptions options;
  options.cpus = {all->cpus(0)};
  options.memory_bytes = 1 << 20;
  const auto some = ReadInventory(options);
  ASSERT_THAT(some, IsOk());
  EXPECT_THAT(some->cpus(), testing::ElementsAre(all->cpus(0)));
  EXPECT_EQ(some->memory_bytes(), 1 << 20);
  options.memory_bytes = INT64_MAX;
  EXPECT_EQ(ReadInventory(options)->memory_bytes(), all->memory_bytes()) << "no more than there is";
  options.cpus.push_back(65'000);
  EXPECT_THAT(ReadInventory(options),
              Fails(absl::StatusCode::kInvalidArgument, "CPU 65000 is not among the"));
}

TEST(DefaultSlots, IsAtLeastOneAndAtMostOnePerCpu) {
  const auto inventory = ReadInventory({});
  ASSERT_THAT(inventory, IsOk());
  EXPECT_GE(DefaultSlots(*inventory), 1u);
  EXPECT_LE(DefaultSlots(*inventory), static_cast<uint32_t>(inventory->cpus_size()));
  EXPECT_EQ(DefaultSlots({}), 1u);
}

}  // namespace
}  // namespace basisbench
