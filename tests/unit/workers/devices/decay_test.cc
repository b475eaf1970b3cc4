// SPDX-License-Identifier: Apache-2.0
// Decays against their definitions in float64.
#include <cmath>

#include "gtest/gtest.h"
#include "tests/unit/workers/devices/device_test_support.h"

namespace basisbench {
namespace {

template <typename T>
class Decay : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(Decay, Types);

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

constexpr int64_t kRows = 11, kCols = 3;

TYPED_TEST(Decay, SumsStartAnewEveryPeriod) {
  const auto x = RandomValues<TypeParam>(kRows * kCols, 1);
  std::vector<TypeParam> y(x.size());
  ASSERT_TRUE(
      TestDevice()->DecaySum({kDtypeOf<TypeParam>, kRows, kCols, 4, x.data(), y.data()}).ok());
  std::vector<double> want(x.size());
  for (int64_t i = 0; i < kRows; ++i) {
    for (int64_t j = 0; j < kCols; ++j) {
      for (int64_t t = i / 4 * 4; t <= i; ++t)
        want[i * kCols + j] += std::log(Sigmoid(x[t * kCols + j]));
    }
  }
  EXPECT_LT(ErrorInRoundoffs(y, want), 8);
}

TYPED_TEST(Decay, ProductsAreMaskedAndScaled) {
  const auto x = RandomValues<TypeParam>(kRows * kRows, 1),
             d = RandomValues<TypeParam>(kRows * 2, 2);
  std::vector<TypeParam> y(x.size());
  DecayProductArgs args{kDtypeOf<TypeParam>, kRows, kRows, x.data(), kRows};
  args.plus = d.data(), args.plus_row_stride = 2;
  args.minus = d.data() + 1, args.minus_col_stride = 2;
  args.causal = true;
  args.y = y.data(), args.y_row_stride = kRows;
  ASSERT_TRUE(TestDevice()->DecayProduct(args).ok());
  std::vector<double> want(x.size());
  for (int64_t i = 0; i < kRows; ++i) {
    for (int64_t j = 0; j <= i; ++j)
      want[i * kRows + j] = x[i * kRows + j] * std::exp(double{d[2 * i]} - d[2 * j + 1]);
  }
  EXPECT_LT(ErrorInRoundoffs(y, want), 8);
}

TYPED_TEST(Decay, GradientIsThatOfTheSums) {
  const auto x = RandomValues<TypeParam>(kRows * kCols, 1),
             u = RandomValues<TypeParam>(kRows * kCols, 2);
  std::vector<TypeParam> y(x.size());
  ASSERT_TRUE(TestDevice()
                  ->DecayGradient({kDtypeOf<TypeParam>, kRows, kCols, x.data(), u.data(), y.data()})
                  .ok());
  std::vector<double> want(x.size());
  for (int64_t i = 0; i < kRows; ++i) {
    for (int64_t j = 0; j < kCols; ++j) {
      for (int64_t t = i; t < kRows; ++t)
        want[i * kCols + j] += u[t * kCols + j] * (1 - Sigmoid(x[i * kCols + j]));
    }
  }
  EXPECT_LT(ErrorInRoundoffs(y, want), 16);
}

}  // namespace
}  // namespace basisbench
