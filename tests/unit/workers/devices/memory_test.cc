// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <algorithm>

#include "tests/unit/workers/devices/device_test_support.h"
#include "workers/devices/cpu/cpu_device.h"

// Asked by the address sanitizer, where it is built in: what is too large is to be refused, not to
// end the program.
extern "C" const char* __asan_default_options() { return "allocator_may_return_null=1"; }

namespace basisbench {
namespace {

TEST(CpuMemory, BuffersAreAlignedAndZero) {
  auto device = TestDevice();
  for (int64_t bytes : {int64_t{1}, int64_t{100}, int64_t{4096}, int64_t{5} << 20}) {
    auto buffer = device->Allocate(bytes);
    ASSERT_TRUE(buffer.ok()) << buffer.status();
    EXPECT_EQ(buffer->bytes(), bytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer->data()) % 64, 0u);
    EXPECT_TRUE(std::all_of(buffer->data(), buffer->data() + bytes,
                            [](std::byte value) { return value == std::byte{0}; }));
  }
}

TEST(CpuMemory, TheLimitIsOverLiveBuffersAndNamesTheBytes) {
  auto device = TestDevice(1 << 20);
  {
    auto first = device->Allocate(700000);
    ASSERT_TRUE(first.ok());
    auto second = device->Allocate(700001);
    EXPECT_EQ(second.status().code(), absl::StatusCode::kResourceExhausted);
    EXPECT_THAT(std::string(second.status().message()),
                testing::AllOf(testing::HasSubstr("700001"), testing::HasSubstr("1048576")));
  }
  EXPECT_TRUE(device->Allocate(700001).ok());
}

TEST(CpuMemory, ImpossibleSizesAreStatusesNotCrashes) {
  auto device = TestDevice();
  EXPECT_EQ(device->Allocate(int64_t{1} << 55).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(device->Allocate(INT64_MAX).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(device->Allocate(-1).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(device->Allocate(0).ok());
}

TEST(CpuMemory, ABufferMayOutliveItsDevice) {
  auto device = TestDevice(1 << 20);
  auto buffer = device->Allocate(1000);
  device.reset();
  ASSERT_TRUE(buffer.ok());
  buffer->as<char>()[999] = 1;
}

TEST(CpuDevice, NamesItsLibraries) {
  auto device = TestDevice();
  EXPECT_EQ(device->name(), "cpu");
  for (const auto& [name, version] : device->Libraries()) {
    EXPECT_FALSE(name.empty());
    EXPECT_FALSE(version.empty()) << name;
  }
  CpuOptions none;
  none.threads = 0;
  EXPECT_EQ(MakeCpuDevice(none).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace basisbench
