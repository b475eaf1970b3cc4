// SPDX-License-Identifier: Apache-2.0
#include "workers/collectives/local.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/workers/collectives/collective_checks.h"

namespace basisbench {
namespace {

using ::testing::HasSubstr;

class LocalRanks : public testing::TestWithParam<int> {};

TEST_P(LocalRanks, EveryCollectiveMeetsItsDefinitionAndItsDeclaredTraffic) {
  const absl::Status status = RunLocalRanks(GetParam(), checks::CheckEverything);
  EXPECT_TRUE(status.ok()) << status;
}

INSTANTIATE_TEST_SUITE_P(OneToFive, LocalRanks, testing::Values(1, 2, 3, 4, 5, 8));

TEST(LocalRanksFail, AFailingRankEndsTheWaitsOfTheOthers) {
  std::vector<absl::Status> seen(3);
  const absl::Status status = RunLocalRanks(3, [&](Communicator& communicator) -> absl::Status {
    if (communicator.rank() == 1) return absl::DataLossError("rank one is out");
    std::vector<double> data(1000);
    seen[communicator.rank()] =
        communicator.AllReduce(Dtype::kF64, data.data(), static_cast<int64_t>(data.size()));
    return seen[communicator.rank()];
  });
  EXPECT_EQ(status, absl::DataLossError("rank one is out"));
  for (int rank : {0, 2}) {
    EXPECT_TRUE(absl::IsAborted(seen[rank])) << seen[rank];
    EXPECT_THAT(std::string(seen[rank].message()), HasSubstr("rank 1 failed: rank one is out"));
  }
}

TEST(LocalRanksFail, AWaitForARankThatNeverComesEndsAtTheDeadline) {
  const absl::Status status = RunLocalRanks(
      2,
      [](Communicator& communicator) -> absl::Status {
        if (communicator.rank() == 1) return absl::OkStatus();
        return communicator.Barrier();
      },
      absl::Milliseconds(50));
  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("rank 0 waited 50ms for rank 1"));
}

TEST(LocalRanksFail, ABrokenCommunicatorRefusesFurtherCalls) {
  const absl::Status status = RunLocalRanks(
      2,
      [](Communicator& communicator) -> absl::Status {
        if (communicator.rank() == 1) return absl::OkStatus();
        EXPECT_FALSE(communicator.Barrier().ok());
        return communicator.Barrier();
      },
      absl::Milliseconds(50));
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("the communicator is broken: rank 0"));
}

TEST(LocalRanks, WithoutADeadlineStillWaitAndFinish) {
  const absl::Status status = RunLocalRanks(
      2,
      [](Communicator& communicator) -> absl::Status {
        double data[4] = {};
        return communicator.AllReduce(Dtype::kF64, data, 4);
      },
      absl::InfiniteDuration());
  EXPECT_TRUE(status.ok()) << status;
}

TEST(LocalRanksFail, MessagesOfUnequalSizeAreAnErrorNamingBoth) {
  const absl::Status status = RunLocalRanks(2, [](Communicator& communicator) -> absl::Status {
    std::vector<double> data(8);
    return communicator.Broadcast(Dtype::kF64, data.data(), 3 + communicator.rank(), 0);
  });
  EXPECT_TRUE(absl::IsInternal(status)) << status;
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("expected 32 bytes from rank 0, it sends 24"));
}

TEST(LocalRanksArguments, AreRefusedByNameAndValueAndBreakNothing) {
  const absl::Status status = RunLocalRanks(2, [](Communicator& communicator) -> absl::Status {
    double data[4] = {};
    const std::vector<Piece> three(3);
    EXPECT_EQ(communicator.AllGather(Dtype::kF64, data, three),
              absl::InvalidArgumentError("3 pieces for 2 ranks"));
    EXPECT_EQ(communicator.ReduceScatter(Dtype::kF64, data, {{0, 1}, {1, -2}}),
              absl::InvalidArgumentError("piece 1 has offset 1 and count -2"));
    EXPECT_EQ(communicator.Broadcast(Dtype::kF64, data, 1, 2),
              absl::InvalidArgumentError("root is 2; the communicator has ranks 0 to 1"));
    EXPECT_EQ(communicator.AllReduce(Dtype::kF64, data, -1),
              absl::InvalidArgumentError("count is -1; it must not be negative"));
    EXPECT_FALSE(communicator.StartSendRecv(Dtype::kF64, data, 1, 5, data, 1, -1).ok());
    return communicator.AllReduce(Dtype::kF64, data, 4);
  });
  EXPECT_TRUE(status.ok()) << status;
}

TEST(LocalRanksArguments, NoRanksIsRefused) {
  EXPECT_TRUE(
      absl::IsInvalidArgument(RunLocalRanks(0, [](Communicator&) { return absl::OkStatus(); })));
}

TEST(LocalRanksSums, AreTheSameBitsOnAllRanks) {
  constexpr int kRanks = 4;
  std::vector<std::vector<float>> results(kRanks, std::vector<float>(1001));
  const absl::Status status = RunLocalRanks(kRanks, [&](Communicator& communicator) {
    std::vector<float>& data = results[communicator.rank()];
    for (size_t i = 0; i < data.size(); ++i) {
      data[i] = 1.0f / static_cast<float>(3 * i + 7 * communicator.rank() + 1);
    }
    return communicator.AllReduce(Dtype::kF32, data.data(), static_cast<int64_t>(data.size()));
  });
  ASSERT_TRUE(status.ok()) << status;
  for (int rank = 1; rank < kRanks; ++rank) EXPECT_EQ(results[rank], results[0]);
}

}  // namespace
}  // namespace basisbench
