// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/worker_pool.h"

#include <map>
#include <random>

#include "gtest/gtest.h"

namespace basisbench {
namespace {

std::string Print(const std::optional<std::vector<GangSlot>>& gang) {
  if (!gang.has_value()) return "none";
  std::string text;
  for (const GangSlot& slot : *gang) text += slot.worker + ":" + std::to_string(slot.ranks) + " ";
  return text;
}

TEST(WorkerPool, TakesTheSmallestWorkerThatFits) {
  WorkerPool pool;
  pool.Set("large", 8, true);
  pool.Set("middle", 4, true);
  pool.Set("small", 2, true);
  EXPECT_EQ(Print(pool.Choose(1)), "small:1 ");
  EXPECT_EQ(Print(pool.Choose(3)), "middle:3 ");
  EXPECT_EQ(Print(pool.Choose(8)), "large:8 ");
  EXPECT_EQ(Print(pool.Choose(9)), "large:8 small:1 ");
  EXPECT_EQ(Print(pool.Choose(14)), "large:8 middle:4 small:2 ");
  EXPECT_EQ(Print(pool.Choose(15)), "none");
  EXPECT_EQ(Print(pool.Choose(0)), "none");
}

TEST(WorkerPool, HeldAndUnavailableWorkersAreNotChosen) {
  WorkerPool pool;
  pool.Set("w1", 4, true);
  pool.Set("w2", 4, false);
  EXPECT_EQ(pool.slots(), 4u);
  pool.Hold("w1");
  EXPECT_EQ(pool.slots(), 4u) << "it still counts for what a gang could have";
  EXPECT_EQ(pool.idle_slots(), 0u);
  EXPECT_EQ(Print(pool.Choose(1)), "none");
  pool.Release("w1");
  EXPECT_EQ(Print(pool.Choose(4)), "w1:4 ");
}

TEST(WorkerPool, AWorkerCanBeHeldBeforeItIsKnown) {
  WorkerPool pool;
  pool.Hold("w1");
  pool.Set("w1", 4, true);
  EXPECT_EQ(pool.idle_slots(), 0u);
  EXPECT_TRUE(pool.IsHeld("w1"));
  pool.Remove("w1");
  pool.Set("w1", 4, true);
  EXPECT_EQ(pool.idle_slots(), 4u) << "forgotten and come back, it is free";
}

// Sums and choices against a model that recounts everything each time.
TEST(WorkerPool, AgreesWithRecountingUnderRandomChanges) {
  struct Row {
    uint32_t slots = 0;
    bool available = false;
  };
  std::mt19937 random(7);
  const auto below = [&random](uint32_t n) { return static_cast<uint32_t>(random() % n); };
  WorkerPool pool;
  std::map<std::string, Row> rows;
  std::map<std::string, bool> held;
  for (int step = 0; step < 20'000; ++step) {
    const std::string worker = "w" + std::to_string(below(12));
    switch (below(4)) {
      case 0:
        rows[worker] = {1 + below(6), below(4) > 0};
        pool.Set(worker, rows[worker].slots, rows[worker].available);
        break;
      case 1:
        held[worker] = true;
        pool.Hold(worker);
        break;
      case 2:
        held[worker] = false;
        pool.Release(worker);
        break;
      default:
        rows.erase(worker);
        held[worker] = false;
        pool.Remove(worker);
    }
    uint64_t all = 0;
    uint64_t idle = 0;
    for (const auto& [name, row] : rows) {
      all += row.available ? row.slots : 0;
      idle += row.available && !held[name] ? row.slots : 0;
    }
    ASSERT_EQ(pool.slots(), all) << "step " << step;
    ASSERT_EQ(pool.idle_slots(), idle) << "step " << step;
    const uint32_t wanted = 1 + below(20);
    const auto gang = pool.Choose(wanted);
    ASSERT_EQ(gang.has_value(), wanted <= idle) << "step " << step;
    uint32_t got = 0;
    std::map<std::string, int> times;
    for (const GangSlot& slot : gang.value_or(std::vector<GangSlot>{})) {
      ASSERT_EQ(++times[slot.worker], 1) << "step " << step;
      ASSERT_TRUE(rows.at(slot.worker).available && !held[slot.worker]);
      ASSERT_GE(slot.ranks, 1u);
      ASSERT_LE(slot.ranks, rows.at(slot.worker).slots);
      got += slot.ranks;
    }
    ASSERT_EQ(got, gang.has_value() ? wanted : 0);
  }
}

}  // namespace
}  // namespace basisbench
