// SPDX-License-Identifier: Apache-2.0
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"
#include "workers/operators/stl/encoders.h"

namespace basisbench {
namespace {

TEST(StlEncoders, OfStrassenAreMatrixMultiplication) {
  for (const int64_t tile : {1, 2, 4}) {
    const int64_t rank = StrassenRank(tile);
    ASSERT_TRUE(CheckEncoders("strassen", tile, rank).ok());
    EXPECT_EQ(TensorError(EncodersOf("strassen", tile, rank)), 0) << tile;
  }
  EXPECT_EQ(StrassenRank(4), 49);
}

TEST(StlEncoders, OfASubsetLeaveOutTheOtherProducts) {
  EXPECT_EQ(TensorError(EncodersOf("naive_subset", 3, 27)), 0);
  EXPECT_DOUBLE_EQ(TensorError(EncodersOf("naive_subset", 3, 12)), 15.0 / 27);
  EXPECT_DOUBLE_EQ(TensorError(EncodersOf("naive_subset", 4, 24)), 40.0 / 64);
}

// The smallest errors known for 2 x 2 are 1/8, 1/4, ... for 6 and 5 products.
TEST(StlEncoders, OfLeastSquaresComeNearTheSmallestErrorsKnown) {
  EXPECT_NEAR(TensorError(EncodersOf("als", 2, 6)), 0.125, 0.02);
  EXPECT_NEAR(TensorError(EncodersOf("als", 2, 5)), 0.25, 0.04);
  EXPECT_LT(TensorError(EncodersOf("als", 4, 24)), TensorError(EncodersOf("naive_subset", 4, 24)));
}

TEST(StlEncoders, AtRandomAreNoAlgorithm) {
  EXPECT_GT(TensorError(EncodersOf("random", 4, 24)), 0.9);
}

TEST(StlEncoders, RefusalsNameTheValue) {
  EXPECT_THAT(CheckEncoders("strassen", 3, 7),
              Fails(absl::StatusCode::kInvalidArgument,
                    "stl: init strassen needs tile to be a power of two, not 3"));
  EXPECT_THAT(
      CheckEncoders("strassen", 2, 6),
      Fails(absl::StatusCode::kInvalidArgument, "stl: init strassen of tile 2 has rank 7, not 6"));
  EXPECT_THAT(CheckEncoders("sweet", 2, 6),
              Fails(absl::StatusCode::kInvalidArgument,
                    "stl: parameter 'init' must be strassen, naive_subset, als or random, not "
                    "'sweet'"));
  EXPECT_FALSE(CheckEncoders("als", 2, 9).ok());
}

}  // namespace
}  // namespace basisbench
