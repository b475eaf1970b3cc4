// SPDX-License-Identifier: Apache-2.0
// The model against closed formulas; against what is counted: local_test and the mpi program.
#include "workers/collectives/traffic_model.h"

#include <gtest/gtest.h>

namespace basisbench {
namespace {

const Traffic& Of(const TrafficTable& table, Collective collective) {
  return table[static_cast<size_t>(collective)];
}

TEST(TrafficModel, EvenPiecesCoverTheCountAndDifferByAtMostOne) {
  for (int parts : {1, 2, 3, 7}) {
    for (int64_t count : {0, 1, 6, 7, 100}) {
      int64_t offset = 0;
      for (const Piece& piece : EvenPieces(count, parts)) {
        EXPECT_EQ(piece.offset, offset);
        EXPECT_TRUE(piece.count == count / parts || piece.count == count / parts + 1);
        offset += piece.count;
      }
      EXPECT_EQ(offset, count);
    }
  }
}

TEST(TrafficModel, EvenCollectivesSendTheTextbookBytesAndMessages) {
  constexpr int64_t kCount = 5040;
  for (int ranks : {1, 2, 3, 4, 5, 6, 7}) {
    const std::vector<Piece> pieces = EvenPieces(kCount, ranks);
    const int64_t bytes = kCount * 4 * (ranks - 1) / ranks;
    for (int rank = 0; rank < ranks; ++rank) {
      const TrafficTable gather = AllGatherTraffic(Dtype::kF32, pieces, rank);
      EXPECT_EQ(Of(gather, Collective::kAllGather).bytes_sent, bytes);
      EXPECT_EQ(Of(gather, Collective::kAllGather).messages_sent, ranks - 1);
      const TrafficTable scatter = ReduceScatterTraffic(Dtype::kF32, pieces, rank);
      EXPECT_EQ(Of(scatter, Collective::kReduceScatter).bytes_sent, bytes);
      EXPECT_EQ(Of(scatter, Collective::kReduceScatter).messages_sent, ranks - 1);
      const TrafficTable reduce = AllReduceTraffic(Dtype::kF32, kCount, rank, ranks);
      EXPECT_EQ(Of(reduce, Collective::kAllReduce).calls, 1);
      EXPECT_EQ(Of(reduce, Collective::kAllReduce).bytes_sent, 2 * bytes);
      EXPECT_EQ(Of(reduce, Collective::kAllReduce).messages_sent, 2 * (ranks - 1));
      EXPECT_EQ(Of(reduce, Collective::kReduceScatter).calls, 0);
    }
  }
}

TEST(TrafficModel, ABroadcastReachesEveryOtherRankOnce) {
  for (int ranks : {1, 2, 3, 5, 8, 13}) {
    for (int root : {0, ranks - 1}) {
      int64_t messages = 0;
      for (int rank = 0; rank < ranks; ++rank) {
        messages += Of(BroadcastTraffic(Dtype::kF64, 3, rank, ranks, root), Collective::kBroadcast)
                        .messages_sent;
      }
      EXPECT_EQ(messages, ranks - 1);
    }
  }
}

TEST(TrafficModel, EmptyMessagesAreNotSent) {
  EXPECT_EQ(Of(SendRecvTraffic(Dtype::kF32, 0, 0, 1), Collective::kSendRecv).messages_sent, 0);
  EXPECT_EQ(Of(SendRecvTraffic(Dtype::kF32, 9, 0, -1), Collective::kSendRecv).messages_sent, 0);
  EXPECT_EQ(Of(BroadcastTraffic(Dtype::kF32, 0, 0, 4, 0), Collective::kBroadcast).messages_sent, 0);
  EXPECT_EQ(Of(AllToAllTraffic(Dtype::kF32, {{0, 4}, {4, 0}, {4, 2}}, 0), Collective::kAllToAll)
                .messages_sent,
            1);
}

TEST(TrafficModel, NamesOfCollectivesAreThoseOfTheRecord) {
  EXPECT_EQ(CollectiveName(Collective::kAllGather), "all_gather");
  EXPECT_EQ(CollectiveName(Collective::kReduceScatter), "reduce_scatter");
  EXPECT_EQ(CollectiveName(Collective::kAllReduce), "all_reduce");
  EXPECT_EQ(CollectiveName(Collective::kAllToAll), "all_to_all");
  EXPECT_EQ(CollectiveName(Collective::kSendRecv), "send_recv");
  EXPECT_EQ(CollectiveName(Collective::kBroadcast), "broadcast");
}

}  // namespace
}  // namespace basisbench
