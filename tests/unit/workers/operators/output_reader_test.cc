// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/output_reader.h"

#include <gmock/gmock.h>

#include <cmath>

#include "tests/fakes/deferred_device.h"
#include "tests/fakes/status_matchers.h"
#include "workers/devices/cpu/cpu_device.h"

namespace basisbench {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsNan;

// Can no longer be read.
class Lost : public DeferredDevice {
 public:
  using DeferredDevice::DeferredDevice;
  absl::Status Download(const void*, int64_t, void*) override {
    return absl::UnavailableError("the device is lost");
  }
  absl::StatusOr<RowProjections> ProjectRows(const DeviceMatrix&,
                                             absl::Span<const double>) override {
    return absl::UnavailableError("the device is lost");
  }
};

// 4 x 3 with a gap behind each row; element (i, j) is 10 i + j.
struct Output {
  Output() {
    for (int i = 0; i < 20; ++i)
      memory[i] = static_cast<float>(i % 5 < 3 ? i / 5 * 10 + i % 5 : -1);
  }
  float memory[20];
  const Shard shard{"y", Dtype::kF32, memory, 5, {7, 8, 9, 11}, {0, 2, 4}};
};

std::unique_ptr<Device> Cpu() { return *MakeCpuDevice({}); }

TEST(OutputReader, SeesTheSameOnTheHostAndOnADevice) {
  Output output;
  const auto device = Cpu();
  HostReader host;
  DeviceReader on_device(*device);
  for (OutputReader* reader : std::initializer_list<OutputReader*>{&host, &on_device}) {
    EXPECT_THAT(reader->Rows(output.shard, {0, 1, 3}),
                ElementsAre(0, 1, 2, 10, 11, 12, 30, 31, 32));
    EXPECT_THAT(reader->Rows(output.shard, {}), ElementsAre());
    const RowProjections z = reader->Project(output.shard, {1, 100, 10000});
    EXPECT_THAT(z.value, ElementsAre(20100, 121110, 222120, 323130));
    EXPECT_DOUBLE_EQ(z.size[0], std::hypot(100, 20000));
  }
  EXPECT_THAT(on_device.status(), IsOk());
}

TEST(OutputReader, NothingOfALostDeviceIsANumberAndTheReasonIsKept) {
  Output output;
  Lost device(Cpu());
  DeviceReader reader(device);
  EXPECT_THAT(reader.Rows(output.shard, {1, 2}), testing::AllOf(testing::SizeIs(6), Each(IsNan())));
  const RowProjections z = reader.Project(output.shard, {1, 1, 1});
  EXPECT_THAT(z.value, testing::AllOf(testing::SizeIs(4), Each(IsNan())));
  EXPECT_THAT(reader.status(), Fails(absl::StatusCode::kUnavailable, "is lost"));
}

}  // namespace
}  // namespace basisbench
