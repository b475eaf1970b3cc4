// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/partition.h"

#include "gtest/gtest.h"

namespace basisbench {
namespace {

TEST(Partition, CoversADimensionWithNearEqualParts) {
  for (int64_t n : {0, 1, 2, 7, 64, 65, 1000}) {
    for (int64_t parts : {1, 2, 3, 4, 7, 100}) {
      int64_t next = 0;
      for (int64_t i = 0; i < parts; ++i) {
        const Piece part = PartOf(n, parts, i);
        EXPECT_EQ(part.offset, next) << n << " in " << parts;
        EXPECT_GE(part.count, n / parts);
        EXPECT_LE(part.count, n / parts + 1);
        next += part.count;
      }
      EXPECT_EQ(next, n) << n << " in " << parts;
    }
  }
}

TEST(Partition, WidthScalesOffsetsAndCounts) {
  const std::vector<Piece> pieces = PartsOf(5, 3, 10);
  ASSERT_EQ(pieces.size(), 3u);
  EXPECT_EQ(pieces[0].count, 20);
  EXPECT_EQ(pieces[1].offset, 20);
  EXPECT_EQ(pieces[2].offset, 40);
  EXPECT_EQ(pieces[2].count, 10);
}

TEST(Partition, IndicesFollowEachOther) {
  EXPECT_EQ(IndicesOf({3, 4}), (std::vector<int64_t>{3, 4, 5, 6}));
  EXPECT_TRUE(IndicesOf({3, 0}).empty());
}

}  // namespace
}  // namespace basisbench
