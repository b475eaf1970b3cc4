// SPDX-License-Identifier: Apache-2.0
// That running kernels on the processor shows what would be wrong on a GPU.
#include "workers/devices/cuda/kernels/launch.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "workers/devices/cuda/kernels/lanes.h"

namespace basisbench::kernels {
namespace {

// y[i] = x of the next thread of the block, through shared memory, with the barrier or without.
struct Rotate {
  static constexpr int kMostThreads = 32;
  using State = NoState;
  bool with_barrier = true;
  const float* x = nullptr;
  float* y = nullptr;

  int64_t Blocks() const { return 2; }
  int Threads() const { return kMostThreads; }
  int64_t SharedBytes() const { return kMostThreads * sizeof(float); }
  int Phases() const { return with_barrier ? 2 : 1; }
  void Run(int phase, Place at, State&, std::byte* shared) const {
    auto* held = reinterpret_cast<float*>(shared);
    const auto first = static_cast<size_t>(at.block * kMostThreads);
    if (phase == 0) held[at.thread] = x[first + static_cast<size_t>(at.thread)];
    if (phase + 1 < Phases()) return;
    y[first + static_cast<size_t>(at.thread)] = held[(at.thread + 1) % kMostThreads];
  }
};

int WrongAfter(bool with_barrier) {
  std::vector<float> x(64), y(64, -1);
  std::iota(x.begin(), x.end(), 1.0f);
  EXPECT_TRUE(Launch(Queue(), Rotate{with_barrier, x.data(), y.data()}).ok());
  int wrong = 0;
  for (size_t i = 0; i < y.size(); ++i) {
    const size_t next = i % 32 == 31 ? i - 31 : i + 1;
    if (!(y[i] == x[next])) ++wrong;
  }
  return wrong;
}

TEST(LaunchOnHost, ThreadsMeetAtTheBarrier) { EXPECT_EQ(WrongAfter(true), 0); }

TEST(LaunchOnHost, AMissingBarrierShows) { EXPECT_EQ(WrongAfter(false), 32); }

TEST(Lanes, WideOnlyWhereEveryRowIsAligned) {
  alignas(16) float data[16];
  EXPECT_TRUE(IsWide<float>(2, {{data, 8, 1}}));
  EXPECT_FALSE(IsWide<float>(2, {{data, 6, 1}})) << "the second row is not aligned";
  EXPECT_TRUE(IsWide<float>(1, {{data, 6, 1}})) << "there is no second row";
  EXPECT_FALSE(IsWide<float>(1, {{data + 1, 8, 1}}));
  EXPECT_FALSE(IsWide<float>(1, {{data, 8, 2}}));
  EXPECT_TRUE(IsWide<float>(2, {{data, 8, 1}, {nullptr, 1, 7}, {data + 1, 3, 0}}));
}

TEST(Divide, AgreesBelowAndAbove32Bits) {
  for (const int64_t a : {int64_t{0}, int64_t{7}, int64_t{0x7fffffff}, int64_t{1} << 40}) {
    for (const int64_t b : {int64_t{1}, int64_t{3}, int64_t{1} << 33}) {
      EXPECT_EQ(Divide(a, b).quotient, a / b);
      EXPECT_EQ(Divide(a, b).remainder, a % b);
    }
  }
}

}  // namespace
}  // namespace basisbench::kernels
