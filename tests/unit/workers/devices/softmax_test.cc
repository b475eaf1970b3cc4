// SPDX-License-Identifier: Apache-2.0
// Softmax in blocks of columns against the definition in float64, for every kernel set.
#include <cmath>

#include "gtest/gtest.h"
#include "tests/unit/workers/devices/device_test_support.h"
#include "workers/devices/cpu/simd_kernels.h"

namespace basisbench {
namespace {

template <typename T>
class Softmax : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(Softmax, Types);

constexpr int64_t kRows = 7, kCols = 53, kWidth = 5;
constexpr double kScale = 3;

// Row i sees column j up to i + diagonal.
std::vector<double> Probabilities(const std::vector<double>& scores, int64_t diagonal) {
  std::vector<double> p(scores.size(), 0.0);
  for (int64_t i = 0; i < kRows; ++i) {
    const int64_t visible = std::min(kCols, i + diagonal + 1);
    double sum = 0;
    for (int64_t j = 0; j < visible; ++j) sum += std::exp(kScale * scores[i * kCols + j]);
    for (int64_t j = 0; j < visible; ++j)
      p[i * kCols + j] = std::exp(kScale * scores[i * kCols + j]) / sum;
  }
  return p;
}

template <typename T>
std::vector<double> Wide(const std::vector<T>& values) {
  return {values.begin(), values.end()};
}

TYPED_TEST(Softmax, OfBlocksIsThatOfTheWholeRow) {
  auto device = TestDevice();
  for (const int64_t diagonal : {int64_t{2}, int64_t{11}, kCols}) {
    const auto scores = RandomValues<TypeParam>(kRows * kCols, 1);
    const auto values = RandomValues<TypeParam>(kCols * kWidth, 2);
    std::vector<TypeParam> max(kRows, -INFINITY), sum(kRows), y(kRows * kWidth);
    for (const auto& [first, count] :
         std::vector<std::pair<int64_t, int64_t>>{{0, 1}, {1, 16}, {17, 20}, {37, 16}}) {
      std::vector<TypeParam> block(kRows * count);
      for (int64_t i = 0; i < kRows; ++i) {
        for (int64_t j = 0; j < count; ++j) block[i * count + j] = scores[i * kCols + first + j];
      }
      SoftmaxStepArgs step;
      step.block = {kDtypeOf<TypeParam>, kRows,        count, kScale, true,
                    diagonal - first,    block.data(), count};
      step.max = max.data(), step.sum = sum.data();
      step.y = y.data(), step.width = step.y_row_stride = kWidth;
      ASSERT_TRUE(device->SoftmaxStep(step).ok());
      for (int64_t i = 0; i < kRows; ++i) {
        for (int64_t j = 0; j < count; ++j) {
          for (int64_t c = 0; c < kWidth; ++c)
            y[i * kWidth + c] += block[i * count + j] * values[(first + j) * kWidth + c];
        }
      }
    }
    ASSERT_TRUE(device
                    ->SoftmaxEnd({kDtypeOf<TypeParam>, kRows, max.data(), sum.data(), y.data(),
                                  kWidth, kWidth})
                    .ok());
    const auto p = Probabilities(Wide(scores), diagonal);
    std::vector<double> want(kRows * kWidth);
    for (int64_t i = 0; i < kRows; ++i) {
      double exponentials = 0;
      for (int64_t j = 0; j < kCols; ++j) {
        for (int64_t c = 0; c < kWidth; ++c)
          want[i * kWidth + c] += p[i * kCols + j] * values[j * kWidth + c];
        if (j <= i + diagonal) exponentials += std::exp(kScale * scores[i * kCols + j]);
      }
      EXPECT_NEAR(max[i], std::log(exponentials), 1e-5);
    }
    EXPECT_LT(ErrorInRoundoffs(y, want), 16);
  }
}

TYPED_TEST(Softmax, GradientIsTheDerivativeOfTheDefinition) {
  auto device = TestDevice();
  const int64_t diagonal = 30;
  const auto scores = RandomValues<TypeParam>(kRows * kCols, 3);
  const auto of_p = RandomValues<TypeParam>(kRows * kCols, 4);
  const auto p = Probabilities(Wide(scores), diagonal);
  std::vector<TypeParam> log_sum(kRows), mean(kRows), probability = scores, gradient = of_p;
  std::vector<double> want(kRows * kCols);
  for (int64_t i = 0; i < kRows; ++i) {
    double exponentials = 0, average = 0;
    for (int64_t j = 0; j <= std::min(kCols - 1, i + diagonal); ++j) {
      exponentials += std::exp(kScale * scores[i * kCols + j]);
      average += p[i * kCols + j] * of_p[i * kCols + j];
    }
    log_sum[i] = static_cast<TypeParam>(std::log(exponentials));
    mean[i] = static_cast<TypeParam>(average);
    for (int64_t j = 0; j < kCols; ++j)
      want[i * kCols + j] = kScale * p[i * kCols + j] * (of_p[i * kCols + j] - average);
  }
  SoftmaxGradientArgs args;
  args.block = {kDtypeOf<TypeParam>, kRows, kCols, kScale, true, diagonal,
                probability.data(),  kCols};
  args.log_sum = log_sum.data(), args.mean = mean.data();
  args.gradient = gradient.data(), args.gradient_row_stride = kCols;
  ASSERT_TRUE(device->SoftmaxGradient(args).ok());
  EXPECT_LT(ErrorInRoundoffs(probability, p), 16);
  EXPECT_LT(ErrorInRoundoffs(gradient, want), 32);
}

TYPED_TEST(Softmax, ExponentialsAreAccurateInEveryKernelSet) {
  for (const SimdKernels* kernels : UsableKernels()) {
    for (const double range : {1.0, 30.0, 80.0}) {
      auto x = RandomValues<TypeParam>(301, 5);
      std::vector<TypeParam> y(x.size());
      const TypeParam sum = kernels->Of<TypeParam>().exponentials(
          301, x.data(), static_cast<TypeParam>(range), 0, y.data());
      double total = 0, largest = -1;
      for (size_t i = 0; i < x.size(); ++i) {
        const double want = std::exp(static_cast<double>(static_cast<TypeParam>(range) * x[i]));
        EXPECT_NEAR(y[i] / want, 1, 4 * range * UnitRoundoff(kDtypeOf<TypeParam>) + 1e-15);
        total += y[i];
        largest = std::max(largest, static_cast<double>(x[i]));
      }
      EXPECT_NEAR(sum / total, 1, 64 * UnitRoundoff(kDtypeOf<TypeParam>));
      EXPECT_EQ(kernels->Of<TypeParam>().largest(301, x.data()), largest);
    }
  }
}

}  // namespace
}  // namespace basisbench
