// SPDX-License-Identifier: Apache-2.0
#include "tests/fakes/sealed_memory.h"

#include "gtest/gtest.h"

namespace basisbench {
namespace {

TEST(SealedMemoryDeathTest, OnlyWhoOpensItTouchesIt) {
  SealedMemory memory;
  Buffer buffer = memory.Allocate(100).value();
  EXPECT_DEATH(buffer.data()[0] = std::byte{1}, "");
  memory.Open();
  EXPECT_EQ(buffer.data()[99], std::byte{0});
  buffer.data()[0] = std::byte{1};
  memory.Close();
  EXPECT_DEATH(EXPECT_EQ(buffer.data()[0], std::byte{1}), "");
}

TEST(SealedMemoryTest, RoomIsMadeAnewAndEmpty) {
  SealedMemory memory;
  memory.Open();
  const void* first = nullptr;
  {
    Buffer one = memory.Allocate(1).value(), other = memory.Allocate(1).value();
    EXPECT_NE(one.data(), other.data());
    one.data()[0] = std::byte{7};
    first = one.data();
  }
  Buffer again = memory.Allocate(1).value();
  EXPECT_EQ(again.data(), first);
  EXPECT_EQ(again.data()[0], std::byte{0});
  EXPECT_EQ(memory.Allocate(int64_t{1} << 40).status().code(),
            absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace basisbench
