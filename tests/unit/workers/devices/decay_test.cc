// SPDX-License-Identifier: Apache-2.0
// Decays against their definitions in float64.
#include <algorithm>
#include <cmath>

#include "gtest/gtest.h"
#include "tests/unit/workers/devices/device_test_support.h"
#include "workers/devices/cpu/simd_kernels.h"

namespace basisbench {
namespace {

template <typename T>
class Decay : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(Decay, Types);

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

constexpr int64_t kRows = 41, kCols = 3;

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

TYPED_TEST(Decay, LogarithmsOfSigmoidsHoldInEveryInstructionSet) {
  for (const SimdKernels* kernels : UsableKernels()) {
    auto x = RandomValues<TypeParam>(101, 3);
    for (TypeParam& value : x) value *= 60;
    x[0] = 0, x[1] = 1e4, x[2] = -1e4;
    std::vector<TypeParam> y(x.size());
    kernels->template Of<TypeParam>().log_sigmoid(static_cast<int64_t>(x.size()), x.data(),
                                                  y.data());
    for (size_t i = 0; i < x.size(); ++i) {
      const double want = std::min<double>(x[i], 0) - std::log1p(std::exp(-std::fabs(x[i])));
      EXPECT_NEAR(y[i], want, 4 * UnitRoundoff(kDtypeOf<TypeParam>) * std::fabs(want) + 1e-36)
          << kernels->name << " " << x[i];
    }
  }
}

}  // namespace
}  // namespace basisbench
