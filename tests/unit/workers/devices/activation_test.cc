// SPDX-License-Identifier: Apache-2.0
// Activations and their gradients against their definitions in float64.
#include <cmath>

#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"
#include "tests/unit/workers/devices/device_test_support.h"

namespace basisbench {
namespace {

template <typename T>
class ActivationTest : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(ActivationTest, Types);

constexpr Nonlinearity kAll[] = {Nonlinearity::kNone, Nonlinearity::kSigmoid, Nonlinearity::kSilu,
                                 Nonlinearity::kGelu};

double Value(Nonlinearity activation, double x) {
  const double sigmoid = 1 / (1 + std::exp(-x));
  if (activation == Nonlinearity::kNone) return x;
  if (activation == Nonlinearity::kSigmoid) return sigmoid;
  if (activation == Nonlinearity::kSilu) return x * sigmoid;
  return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * std::pow(x, 3))));
}

double Slope(Nonlinearity activation, double x) {
  constexpr double kStep = 1e-4;
  return (Value(activation, x + kStep) - Value(activation, x - kStep)) / (2 * kStep);
}

constexpr int64_t kRows = 3, kCols = 37, kStride = 40;

TYPED_TEST(ActivationTest, ValuesAreGatedRowByRow) {
  auto x = RandomValues<TypeParam>(kRows * kStride, 1);
  for (TypeParam& value : x) value *= 9;
  const auto w = RandomValues<TypeParam>(kRows * kCols, 2);
  for (const Nonlinearity activation : kAll) {
    for (const bool gated : {false, true}) {
      std::vector<TypeParam> y(kRows * kCols);
      ActivationArgs args{kDtypeOf<TypeParam>, activation, kRows, kCols, x.data(), kStride};
      if (gated) args.w = w.data(), args.w_row_stride = kCols;
      args.y = y.data(), args.y_row_stride = kCols;
      ASSERT_TRUE(TestDevice()->Activate(args).ok());
      std::vector<double> want(y.size());
      for (int64_t i = 0; i < kRows; ++i) {
        for (int64_t j = 0; j < kCols; ++j)
          want[i * kCols + j] =
              Value(activation, x[i * kStride + j]) * (gated ? double{w[i * kCols + j]} : 1.0);
      }
      EXPECT_LT(ErrorInRoundoffs(y, want), 8);
    }
  }
}

// Large enough to be written around the cache, from rows that start anywhere.
TYPED_TEST(ActivationTest, LargeOnesAreTheSame) {
  constexpr int64_t kLong = (1 << 20) + 5, kTwo = 2;
  const auto x = RandomValues<TypeParam>(kTwo * kLong, 1), w = RandomValues<TypeParam>(x.size(), 2),
             dy = RandomValues<TypeParam>(x.size(), 3);
  std::vector<TypeParam> y(x.size()), dx(x.size()), dw(x.size());
  ActivationArgs args{kDtypeOf<TypeParam>, Nonlinearity::kSilu, kTwo, kLong, x.data(), kLong};
  args.w = w.data(), args.y = y.data(), args.w_row_stride = args.y_row_stride = kLong;
  ASSERT_TRUE(TestDevice()->Activate(args).ok());
  ActivationGradientArgs gradient{
      kDtypeOf<TypeParam>, Nonlinearity::kSilu, kTwo, kLong, x.data(), kLong};
  gradient.w = w.data(), gradient.dy = dy.data(), gradient.dx = dx.data(), gradient.dw = dw.data();
  gradient.w_row_stride = gradient.dy_row_stride = kLong;
  gradient.dx_row_stride = gradient.dw_row_stride = kLong;
  ASSERT_TRUE(TestDevice()->ActivationGradient(gradient).ok());
  std::vector<double> of_y(x.size()), of_x(x.size()), of_w(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    const double value = Value(Nonlinearity::kSilu, x[i]);
    const double sigmoid = Value(Nonlinearity::kSigmoid, x[i]);
    of_y[i] = value * w[i];
    of_w[i] = value * dy[i];
    of_x[i] = dy[i] * w[i] * (sigmoid + value * (1 - sigmoid));
  }
  EXPECT_LT(ErrorInRoundoffs(y, of_y), 8);
  EXPECT_LT(ErrorInRoundoffs(dx, of_x), 8);
  EXPECT_LT(ErrorInRoundoffs(dw, of_w), 8);
}

TYPED_TEST(ActivationTest, GradientsAreThoseOfTheValues) {
  auto x = RandomValues<TypeParam>(kRows * kCols, 1);
  for (TypeParam& value : x) value *= 5;
  const auto w = RandomValues<TypeParam>(x.size(), 2), dy = RandomValues<TypeParam>(x.size(), 3);
  for (const Nonlinearity activation : kAll) {
    for (const bool gated : {false, true}) {
      std::vector<TypeParam> dx(x.size()), dw(x.size());
      ActivationGradientArgs args{kDtypeOf<TypeParam>, activation, kRows, kCols, x.data(), kCols};
      args.dy = dy.data(), args.dy_row_stride = kCols;
      args.dx = dx.data(), args.dx_row_stride = kCols;
      if (gated) {
        args.w = w.data(), args.w_row_stride = kCols;
        args.dw = dw.data(), args.dw_row_stride = kCols;
      }
      ASSERT_TRUE(TestDevice()->ActivationGradient(args).ok());
      std::vector<double> of_x(x.size()), of_w(x.size());
      for (size_t i = 0; i < x.size(); ++i) {
        of_x[i] = dy[i] * (gated ? double{w[i]} : 1.0) * Slope(activation, x[i]);
        of_w[i] = dy[i] * Value(activation, x[i]);
      }
      // Differences are good to eight digits.
      const double allowed = 8 + 1e-7 / UnitRoundoff(kDtypeOf<TypeParam>);
      EXPECT_LT(ErrorInRoundoffs(dx, of_x), allowed);
      if (gated) {
        EXPECT_LT(ErrorInRoundoffs(dw, of_w), 8);
      }
    }
  }
}

TYPED_TEST(ActivationTest, ExtremesStayFinite) {
  const std::vector<TypeParam> x = {-1e6, -1e3, -100, 100, 1e3, 1e6};
  std::vector<TypeParam> y(x.size()), dx(x.size());
  const auto cols = static_cast<int64_t>(x.size());
  const std::vector<TypeParam> dy(x.size(), 1);
  for (const Nonlinearity activation : kAll) {
    ActivationArgs args{kDtypeOf<TypeParam>, activation, 1, cols, x.data(), cols};
    args.y = y.data(), args.y_row_stride = cols;
    ASSERT_TRUE(TestDevice()->Activate(args).ok());
    ActivationGradientArgs gradient{kDtypeOf<TypeParam>, activation, 1, cols, x.data(), cols};
    gradient.dy = dy.data(), gradient.dy_row_stride = cols;
    gradient.dx = dx.data(), gradient.dx_row_stride = cols;
    ASSERT_TRUE(TestDevice()->ActivationGradient(gradient).ok());
    for (int64_t i = 0; i < cols; ++i) {
      EXPECT_NEAR(y[i], Value(activation, x[i]), 1e-30);
      EXPECT_NEAR(dx[i], Slope(activation, x[i]), 1e-3);
    }
  }
}

TEST(ActivationRefusalTest, IsOfHalfAGate) {
  const std::vector<float> values(4);
  std::vector<float> dx(4);
  ActivationGradientArgs args{Dtype::kF32, Nonlinearity::kSilu, 1, 4, values.data(), 4};
  args.w = args.dy = values.data();
  args.dx = dx.data();
  EXPECT_THAT(TestDevice()->ActivationGradient(args),
              Fails(absl::StatusCode::kInvalidArgument, "w and dw must be given together"));
}

}  // namespace
}  // namespace basisbench
