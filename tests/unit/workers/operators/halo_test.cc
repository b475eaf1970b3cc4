// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/mixer/halo.h"

#include "gtest/gtest.h"
#include "services/base/status_macros.h"
#include "workers/collectives/local.h"
#include "workers/operators/partition.h"

namespace basisbench {
namespace {

constexpr int64_t kWidth = 3;

// Brings every rank what it needs of 0, 1, 2, ... (element i is kWidth times i) and holds what
// arrives and what is counted against the definitions.
absl::Status Bring(Communicator& communicator, absl::Span<const Piece> parts,
                   absl::Span<const Piece> needed) {
  const int rank = communicator.rank();
  const int64_t length = parts.back().offset + parts.back().count;
  const Halo halo(Dtype::kF64, kWidth, parts, needed, rank);
  std::vector<double> own, brought(halo.Numbers(), -1), expected;
  for (int64_t i = 0; i < parts[rank].count * kWidth; ++i)
    own.push_back(static_cast<double>(parts[rank].offset + i / kWidth));
  for (int64_t i = 0; i < needed[rank].count * kWidth; ++i)
    expected.push_back(static_cast<double>((needed[rank].offset + i / kWidth + length) % length));
  const TrafficTable before = communicator.traffic();
  Transfers transfers;
  BB_RETURN_IF_ERROR(halo.Start(communicator, own.data() + halo.lent().offset * kWidth,
                                brought.data(), transfers));
  BB_RETURN_IF_ERROR(transfers.Wait());
  EXPECT_EQ(brought, expected) << "rank " << rank;
  const TrafficTable counted = Difference(communicator.traffic(), before);
  const TrafficTable declared = halo.DeclaredTraffic();
  for (size_t i = 0; i < counted.size(); ++i) {
    EXPECT_EQ(counted[i].bytes_sent, declared[i].bytes_sent);
    EXPECT_EQ(counted[i].messages_sent, declared[i].messages_sent);
  }
  return absl::OkStatus();
}

void ExpectBrought(int64_t length, int ranks,
                   const std::function<std::vector<Piece>(absl::Span<const Piece>)>& needed) {
  const std::vector<Piece> parts = PartsOf(length, ranks);
  const absl::Status outcome = RunLocalRanks(
      ranks, [&](Communicator& communicator) { return Bring(communicator, parts, needed(parts)); },
      absl::Seconds(20));
  EXPECT_TRUE(outcome.ok()) << outcome;
}

TEST(Halo, BringsWhatIsBeforeAndAfterFromAsManyRanksAsHaveIt) {
  for (const int64_t length : {2, 7, 24}) {
    for (const int ranks : {1, 2, 3, 5}) {
      for (const int64_t depth : {0, 1, 4, 30}) {
        ExpectBrought(length, ranks, [=](auto parts) { return RunsBefore(parts, depth); });
        ExpectBrought(length, ranks, [=](auto parts) { return RunsAfter(parts, depth); });
      }
    }
  }
}

TEST(Halo, GoesOnAtTheOtherEnd) {
  for (const int ranks : {2, 3, 5}) {
    ExpectBrought(25, ranks, [](auto parts) {
      std::vector<Piece> runs;
      for (const Piece& part : parts) runs.push_back({part.offset + part.count, 4});
      return runs;
    });
    ExpectBrought(25, ranks, [](auto parts) {
      std::vector<Piece> runs;
      for (const Piece& part : parts) runs.push_back({part.offset - 5, 5});
      return runs;
    });
  }
}

TEST(Halo, TakesOneMessageWhereTheNeighbourHasEnough) {
  const std::vector<Piece> parts = PartsOf(24, 4);
  for (int rank = 0; rank < 4; ++rank) {
    const Halo halo(Dtype::kF32, kWidth, parts, RunsBefore(parts, 6), rank);
    const Traffic sent = halo.DeclaredTraffic()[static_cast<size_t>(Collective::kSendRecv)];
    EXPECT_EQ(sent.messages_sent, rank < 3 ? 1 : 0);
    EXPECT_EQ(sent.bytes_sent, rank < 3 ? 4 * 6 * kWidth : 0);
  }
}

}  // namespace
}  // namespace basisbench
