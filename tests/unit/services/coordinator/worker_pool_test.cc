// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/worker_pool.h"

#include <algorithm>
#include <map>
#include <random>

#include "gtest/gtest.h"

namespace basisbench {
namespace {

const std::string kCpu = "cpu_mpi";
const std::string kNccl = "cuda_nccl";
const std::string kStaged = "cuda_mpi";

std::string Print(const std::optional<std::vector<GangSlot>>& gang) {
  if (!gang.has_value()) return "none";
  std::string text;
  for (const GangSlot& slot : *gang) text += slot.worker + ":" + std::to_string(slot.ranks) + " ";
  return text;
}

TEST(WorkerPool, TakesTheSmallestWorkerThatFits) {
  WorkerPool pool;
  pool.Set("large", {8, {kCpu}}, true);
  pool.Set("middle", {4, {kCpu}}, true);
  pool.Set("small", {2, {kCpu}}, true);
  EXPECT_EQ(Print(pool.Choose(kCpu, 1)), "small:1 ");
  EXPECT_EQ(Print(pool.Choose(kCpu, 3)), "middle:3 ");
  EXPECT_EQ(Print(pool.Choose(kCpu, 8)), "large:8 ");
  EXPECT_EQ(Print(pool.Choose(kCpu, 9)), "large:8 small:1 ");
  EXPECT_EQ(Print(pool.Choose(kCpu, 14)), "large:8 middle:4 small:2 ");
  EXPECT_EQ(Print(pool.Choose(kCpu, 15)), "none");
  EXPECT_EQ(Print(pool.Choose(kCpu, 0)), "none");
}

TEST(WorkerPool, HeldAndUnavailableWorkersAreNotChosen) {
  WorkerPool pool;
  pool.Set("w1", {4, {kCpu}}, true);
  pool.Set("w2", {4, {kCpu}}, false);
  EXPECT_EQ(pool.slots(kCpu), 4u);
  pool.Hold("w1");
  EXPECT_EQ(pool.slots(kCpu), 4u) << "it still counts for what a gang could have";
  EXPECT_EQ(pool.idle_slots(kCpu), 0u);
  EXPECT_EQ(Print(pool.Choose(kCpu, 1)), "none");
  pool.Release("w1");
  EXPECT_EQ(Print(pool.Choose(kCpu, 4)), "w1:4 ");
}

TEST(WorkerPool, AWorkerCanBeHeldBeforeItIsKnown) {
  WorkerPool pool;
  pool.Hold("w1");
  pool.Set("w1", {4, {kCpu}}, true);
  EXPECT_EQ(pool.idle_slots(kCpu), 0u);
  EXPECT_TRUE(pool.IsHeld("w1"));
  pool.Remove("w1");
  pool.Set("w1", {4, {kCpu}}, true);
  EXPECT_EQ(pool.idle_slots(kCpu), 4u) << "forgotten and come back, it is free";
}

TEST(WorkerPool, AWorkerCountsForEachBackendItOffers) {
  WorkerPool pool;
  pool.Set("cpu", {8, {kCpu}}, true);
  pool.Set("whole", {2, {kNccl, kStaged}}, true);
  pool.Set("shared", {4, {kStaged}}, true);
  EXPECT_EQ(pool.slots(kNccl), 2u);
  EXPECT_EQ(pool.slots(kStaged), 6u);
  EXPECT_EQ(pool.slots("abacus"), 0u);
  EXPECT_EQ(pool.backends(), (std::vector<std::string>{kCpu, kStaged, kNccl}));
  EXPECT_EQ(Print(pool.Choose(kNccl, 3)), "none");
  EXPECT_EQ(Print(pool.Choose(kStaged, 6)), "shared:4 whole:2 ");
  EXPECT_EQ(pool.SlotsOf("shared", kNccl), 0u);
  EXPECT_EQ(pool.SlotsOf("whole", kNccl), 2u);
  pool.Hold("whole");
  EXPECT_EQ(pool.idle_slots(kNccl), 0u);
  EXPECT_EQ(pool.idle_slots(kStaged), 4u) << "held for one, held for all";
  pool.SetAvailable("whole", false);
  pool.SetAvailable("nobody", false);
  EXPECT_EQ(pool.backends(), (std::vector<std::string>{kCpu, kStaged}));
}

// Sums and choices against a model that recounts everything each time.
TEST(WorkerPool, AgreesWithRecountingUnderRandomChanges) {
  struct Row {
    uint32_t slots = 0;
    std::vector<std::string> backends;
    bool available = false;
  };
  const std::vector<std::vector<std::string>> kinds = {{kCpu}, {kNccl, kStaged}, {kStaged}};
  std::mt19937 random(7);
  const auto below = [&random](uint32_t n) { return static_cast<uint32_t>(random() % n); };
  WorkerPool pool;
  std::map<std::string, Row> rows;
  std::map<std::string, bool> held;
  const auto offers = [&rows](const std::string& worker, const std::string& backend) {
    const auto& backends = rows.at(worker).backends;
    return std::find(backends.begin(), backends.end(), backend) != backends.end();
  };
  for (int step = 0; step < 20'000; ++step) {
    const std::string worker = "w" + std::to_string(below(12));
    switch (below(5)) {
      case 0:
        rows[worker] = {1 + below(6), kinds[below(3)], below(4) > 0};
        pool.Set(worker, {rows[worker].slots, rows[worker].backends}, rows[worker].available);
        break;
      case 1:
        held[worker] = true;
        pool.Hold(worker);
        break;
      case 2:
        held[worker] = false;
        pool.Release(worker);
        break;
      case 3:
        if (rows.count(worker) > 0) rows[worker].available = step % 2 == 0;
        pool.SetAvailable(worker, step % 2 == 0);
        break;
      default:
        rows.erase(worker);
        held[worker] = false;
        pool.Remove(worker);
    }
    const std::string backend = std::vector<std::string>{kCpu, kNccl, kStaged}[below(3)];
    uint64_t all = 0;
    uint64_t idle = 0;
    for (const auto& [name, row] : rows) {
      if (!row.available || !offers(name, backend)) continue;
      all += row.slots;
      idle += held[name] ? 0 : row.slots;
    }
    ASSERT_EQ(pool.slots(backend), all) << "step " << step;
    ASSERT_EQ(pool.idle_slots(backend), idle) << "step " << step;
    const uint32_t wanted = 1 + below(20);
    const auto gang = pool.Choose(backend, wanted);
    ASSERT_EQ(gang.has_value(), wanted <= idle) << "step " << step;
    uint32_t got = 0;
    std::map<std::string, int> times;
    for (const GangSlot& slot : gang.value_or(std::vector<GangSlot>{})) {
      ASSERT_EQ(++times[slot.worker], 1) << "step " << step;
      ASSERT_TRUE(rows.at(slot.worker).available && !held[slot.worker]);
      ASSERT_TRUE(offers(slot.worker, backend)) << slot.worker << " " << backend;
      ASSERT_GE(slot.ranks, 1u);
      ASSERT_LE(slot.ranks, rows.at(slot.worker).slots);
      got += slot.ranks;
    }
    ASSERT_EQ(got, gang.has_value() ? wanted : 0);
  }
}

}  // namespace
}  // namespace basisbench
