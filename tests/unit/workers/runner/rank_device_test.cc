// SPDX-License-Identifier: Apache-2.0
#include "workers/runner/rank_device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "services/base/backends.h"
#include "tests/fakes/status_matchers.h"
#include "workers/collectives/local.h"

namespace basisbench {
namespace {

using ::testing::HasSubstr;

// What every one of two ranks is told.
std::vector<absl::Status> OnTwoRanks(const RankDeviceOptions& options) {
  std::vector<absl::Status> told(2);
  EXPECT_THAT(RunLocalRanks(2,
                            [&](Communicator& control) {
                              told[static_cast<size_t>(control.rank())] =
                                  MakeRankDevice(options, control).status();
                              return absl::OkStatus();
                            }),
              IsOk());
  return told;
}

bool IsBuilt(const std::string& backend) {
  const std::vector<std::string> built = BuiltBackends();
  return std::find(built.begin(), built.end(), backend) != built.end();
}

TEST(RankDeviceTest, OfTheCpuNeedsNoCommunicatorOfItsOwn) {
  EXPECT_TRUE(IsBuilt(kCpuMpi));
  EXPECT_THAT(RunLocalRanks(1,
                            [](Communicator& control) {
                              const auto rank = MakeRankDevice({.backend = kCpuMpi}, control);
                              EXPECT_THAT(rank, IsOk());
                              if (!rank.ok()) return rank.status();
                              EXPECT_EQ(rank->device->name(), "cpu");
                              EXPECT_EQ(rank->world, nullptr);
                              return absl::OkStatus();
                            }),
              IsOk());
}

TEST(RankDeviceTest, OfAGpuNamesWhatIsMissing) {
  for (const std::string backend : {kCudaNccl, kCudaMpi}) {
    const bool built = IsBuilt(backend);
    for (const absl::Status& told : OnTwoRanks({.backend = backend})) {
      EXPECT_EQ(told.code(),
                built ? absl::StatusCode::kInvalidArgument : absl::StatusCode::kUnimplemented);
      EXPECT_THAT(told.ToString(), HasSubstr("'" + backend + "'"));
      EXPECT_THAT(told.ToString(),
                  HasSubstr(built ? "was given no GPU" : "configure with -DBASISBENCH_CUDA=ON"));
    }
  }
}

TEST(RankDeviceTest, OfAGpuThatNobodySeesFailsOnEveryRank) {
  if (!IsBuilt(kCudaMpi)) GTEST_SKIP() << "built without CUDA";
  for (const absl::Status& told : OnTwoRanks({.backend = kCudaMpi, .gpu = "GPU-of-nobody"})) {
    EXPECT_EQ(told.code(), absl::StatusCode::kUnavailable) << told;
    EXPECT_THAT(told.ToString(), HasSubstr("rank 0"));
  }
}

}  // namespace
}  // namespace basisbench
