// SPDX-License-Identifier: Apache-2.0
#include "workers/collectives/staged.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "services/base/status_macros.h"
#include "tests/fakes/status_matchers.h"
#include "tests/unit/workers/collectives/collective_checks.h"
#include "workers/collectives/local.h"
#include "workers/devices/cpu/cpu_device.h"

namespace basisbench {
namespace {

using ::testing::HasSubstr;

// A rank whose device is the processor: its copies are the staging's.
struct Rank {
  static absl::StatusOr<Rank> Make(Communicator& wire, const HostAllocator& allocate) {
    Rank rank;
    BB_ASSIGN_OR_RETURN(rank.device, MakeCpuDevice({}));
    BB_ASSIGN_OR_RETURN(std::unique_ptr<Communicator> transport, wire.Split(0, wire.rank()));
    rank.staged = MakeStagedCommunicator(*rank.device, std::move(transport), allocate);
    return rank;
  }

  std::unique_ptr<Device> device;
  std::unique_ptr<Communicator> staged;
};

class StagedRanks : public testing::TestWithParam<int> {};

TEST_P(StagedRanks, EveryCollectiveMeetsItsDefinitionAndItsDeclaredTraffic) {
  const absl::Status status = RunLocalRanks(GetParam(), [](Communicator& wire) -> absl::Status {
    BB_ASSIGN_OR_RETURN(const Rank rank, Rank::Make(wire, AllocatePageable));
    EXPECT_EQ(rank.staged->backend(), wire.backend());
    return checks::CheckEverything(*rank.staged);
  });
  EXPECT_THAT(status, IsOk());
}

INSTANTIATE_TEST_SUITE_P(OneToFour, StagedRanks, testing::Values(1, 2, 3, 4));

// What several sends under way hold at once is allocated once and used again.
TEST(StagedTest, KeepsTheHostMemoryItHasNeeded) {
  const absl::Status status = RunLocalRanks(2, [](Communicator& wire) -> absl::Status {
    int allocations = 0;
    BB_ASSIGN_OR_RETURN(const Rank rank, Rank::Make(wire, [&](int64_t bytes) {
                          ++allocations;
                          return AllocatePageable(bytes);
                        }));
    const int other = 1 - wire.rank();
    const std::vector<float> sent(300, static_cast<float>(wire.rank() + 1));
    std::vector<std::vector<float>> received(4, std::vector<float>(300));
    for (int round = 0; round < 5; ++round) {
      std::vector<std::unique_ptr<Pending>> pending;
      for (auto& into : received) {
        BB_ASSIGN_OR_RETURN(auto one, rank.staged->StartSendRecv(Dtype::kF32, sent.data(), 300,
                                                                 other, into.data(), 300, other));
        pending.push_back(std::move(one));
      }
      for (const auto& one : pending) BB_RETURN_IF_ERROR(one->Wait());
      for (const auto& into : received) EXPECT_THAT(into, testing::Each(float(other + 1)));
    }
    EXPECT_EQ(allocations, 8);
    BB_RETURN_IF_ERROR(rank.staged->AllReduce(Dtype::kF32, received[0].data(), 300));
    EXPECT_EQ(allocations, 8);
    return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
}

TEST(StagedTest, AddsTheTimeOfItsCopiesToTheCollective) {
  const absl::Status status = RunLocalRanks(1, [](Communicator& wire) -> absl::Status {
    BB_ASSIGN_OR_RETURN(const Rank rank, Rank::Make(wire, AllocatePageable));
    std::vector<double> data(1 << 20);
    BB_RETURN_IF_ERROR(rank.staged->AllReduce(Dtype::kF64, data.data(), int64_t{1} << 20));
    const TrafficTable& traffic = rank.staged->traffic();
    EXPECT_GT(traffic[static_cast<size_t>(Collective::kAllReduce)].seconds, 0);
    EXPECT_EQ(traffic[static_cast<size_t>(Collective::kBroadcast)].seconds, 0);
    return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
}

TEST(StagedTest, NamesTheMemoryThatTheHostDoesNotHave) {
  const absl::Status status = RunLocalRanks(1, [](Communicator& wire) -> absl::Status {
    BB_ASSIGN_OR_RETURN(const Rank rank,
                        Rank::Make(wire, [](int64_t bytes) -> absl::StatusOr<Buffer> {
                          return absl::ResourceExhaustedError(absl::StrCat("no ", bytes, " bytes"));
                        }));
    std::vector<double> data(10);
    const absl::Status refused = rank.staged->AllReduce(Dtype::kF64, data.data(), 10);
    EXPECT_THAT(refused.ToString(), HasSubstr("no 80 bytes"));
    return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
}

TEST(StagedTest, EndsTheWaitForARankThatNeverComes) {
  const absl::Status status = RunLocalRanks(
      2,
      [](Communicator& wire) -> absl::Status {
        BB_ASSIGN_OR_RETURN(const Rank rank, Rank::Make(wire, AllocatePageable));
        if (wire.rank() == 1) return absl::OkStatus();
        std::vector<double> data(10);
        return rank.staged->AllReduce(Dtype::kF64, data.data(), 10);
      },
      absl::Milliseconds(200));
  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
}

}  // namespace
}  // namespace basisbench
