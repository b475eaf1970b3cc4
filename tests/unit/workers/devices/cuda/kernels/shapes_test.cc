// SPDX-License-Identifier: Apache-2.0
// Kernels at the sizes where they change their way, which the tests common to all devices do not
// reach: against the definitions in float64.
#include <bit>
#include <cmath>

#include "tests/unit/workers/devices/device_test_support.h"

namespace basisbench {
namespace {

template <typename T>
class KernelShapes : public testing::Test {
 protected:
  static constexpr Dtype kDtype = kDtypeOf<T>;
  std::unique_ptr<Device> device_ = TestDevice();
};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(KernelShapes, Types);

// Sylvester's entry is (-1)^popcount(i & j). Wider than f64: plain sums of many terms err, too.
template <typename T>
double WhtAt(const T* x, int64_t n, int64_t i) {
  long double sum = 0;
  for (int64_t j = 0; j < n; ++j)
    sum += std::popcount(static_cast<uint64_t>(i & j)) % 2 == 0 ? x[j] : -x[j];
  return static_cast<double>(sum);
}

TYPED_TEST(KernelShapes, WhtOfEveryLengthAlignedAndNot) {
  using T = TypeParam;
  for (int64_t n = 1; n <= 32768; n *= 2) {
    for (const int64_t gap : {0, 3}) {
      constexpr int64_t kRows = 5;
      const int64_t stride = n + gap;
      const std::vector<T> x = RandomValues<T>(kRows * stride, 1);
      std::vector<T> y(x.size()), in_place = x;
      WhtArgs args{.dtype = this->kDtype, .rows = kRows, .n = n, .scale = 0.5};
      args.in = x.data(), args.out = y.data();
      args.in_row_stride = args.out_row_stride = stride;
      ASSERT_TRUE(this->device_->Wht(args).ok());
      args.in = args.out = in_place.data();
      ASSERT_TRUE(this->device_->Wht(args).ok());
      std::vector<T> got;
      std::vector<double> want;
      for (int64_t row = 0; row < kRows; ++row) {
        for (int64_t i = 0; i < n; i += 1 + n / 64) {
          got.push_back(y[row * stride + i]);
          want.push_back(0.5 * WhtAt(x.data() + row * stride, n, i));
          EXPECT_EQ(in_place[row * stride + i], got.back()) << n;
        }
      }
      EXPECT_LT(ErrorInRoundoffs(got, want), 6) << "n = " << n << ", gap " << gap;
    }
  }
}

TYPED_TEST(KernelShapes, TransposesOfAnyShape) {
  using T = TypeParam;
  for (const int64_t rows : {1, 31, 33, 100}) {
    for (const int64_t cols : {1, 32, 65}) {
      const std::vector<T> x = RandomValues<T>(rows * cols, 2);
      std::vector<T> y(x.size());
      CopyArgs args{.dtype = this->kDtype, .rows = rows, .cols = cols};
      args.from = x.data(), args.from_row_stride = cols;
      args.to = y.data(), args.to_row_stride = 1, args.to_col_stride = rows;
      ASSERT_TRUE(this->device_->Copy(args).ok());
      for (int64_t i = 0; i < rows; ++i) {
        for (int64_t j = 0; j < cols; ++j) ASSERT_EQ(y[j * rows + i], x[i * cols + j]);
      }
    }
  }
}

TYPED_TEST(KernelShapes, SumsOfManyRowsAreCutIntoParts) {
  using T = TypeParam;
  for (const bool complex : {false, true}) {
    for (const bool along_rows : {false, true}) {
      constexpr int64_t kRows = 3001, kCols = 5;
      const int64_t width = complex ? 2 : 1;
      const std::vector<T> x = RandomValues<T>(kRows * kCols * width, 3);
      const std::vector<T> w = RandomValues<T>(kRows * kCols * width, 4);
      std::vector<T> y(kCols * width, 1);
      ColumnSumArgs args{.dtype = this->kDtype, .complex = complex, .rows = kRows, .cols = kCols};
      args.alpha = 0.5, args.beta = 2, args.conjugate_w = true;
      args.x = x.data(), args.w = w.data(), args.y = y.data();
      args.x_row_stride = args.w_row_stride = along_rows ? 1 : kCols;
      args.x_col_stride = args.w_col_stride = along_rows ? kRows : 1;
      ASSERT_TRUE(this->device_->ColumnSum(args).ok());
      std::vector<double> want(y.size());
      for (int64_t j = 0; j < kCols; ++j) {
        double re = 0, im = 0;
        for (int64_t i = 0; i < kRows; ++i) {
          const int64_t at = (i * args.x_row_stride + j * args.x_col_stride) * width;
          const double xr = x[at], wr = w[at];
          const double xi = complex ? x[at + 1] : 0, wi = complex ? -w[at + 1] : 0;
          re += xr * wr - xi * wi;
          im += xr * wi + xi * wr;
        }
        want[j * width] = 0.5 * re + 2;
        if (complex) want[j * width + 1] = 0.5 * im + 2;
      }
      EXPECT_LT(ErrorInRoundoffs(y, want), 100) << complex << along_rows;
    }
  }
}

TYPED_TEST(KernelShapes, SoftmaxOfRowsLongerThanTheRegistersHold) {
  using T = TypeParam;
  constexpr int64_t kRows = 3, kCols = 5000, kWidth = 300;
  std::vector<T> scores = RandomValues<T>(kRows * kCols, 5);
  const std::vector<T> given = scores;
  std::vector<T> max(kRows, -100), sum(kRows, 2), y(kRows * kWidth, 1);
  max[1] = 1, sum[2] = 0;
  SoftmaxStepArgs args;
  args.block = {this->kDtype, kRows, kCols, 3.0, true, kCols - 2, scores.data(), kCols};
  args.max = max.data(), args.sum = sum.data(), args.y = y.data();
  args.width = args.y_row_stride = kWidth;
  ASSERT_TRUE(this->device_->SoftmaxStep(args).ok());
  const double before[kRows] = {-100, 1, -100}, sums[kRows] = {2, 2, 0};
  for (int64_t i = 0; i < kRows; ++i) {
    const int64_t visible = std::min(kCols, i + kCols - 1);
    double largest = before[i], total = 0;
    for (int64_t j = 0; j < visible; ++j) largest = std::max(largest, 3.0 * given[i * kCols + j]);
    for (int64_t j = 0; j < visible; ++j) total += std::exp(3.0 * given[i * kCols + j] - largest);
    const double old = sums[i] == 0 ? 0 : std::exp(before[i] - largest);
    EXPECT_NEAR(max[i], largest, 1e-6);
    EXPECT_NEAR(sum[i] / (sums[i] * old + total), 1, 1e-5);
    for (int64_t j = 0; j < kWidth; ++j) ASSERT_NEAR(y[i * kWidth + j], old, 1e-6);
    for (int64_t j = 0; j < kCols; ++j) {
      const double want = j < visible ? std::exp(3.0 * given[i * kCols + j] - largest) : 0;
      ASSERT_NEAR(scores[i * kCols + j], want, 1e-6) << i << " " << j;
    }
  }
}

TYPED_TEST(KernelShapes, RunningSumsOfMoreRowsThanATile) {
  using T = TypeParam;
  constexpr int64_t kRows = 700, kCols = 37;
  const std::vector<T> x = RandomValues<T>(kRows * kCols, 6);
  const std::vector<T> u = RandomValues<T>(kRows * kCols, 7);
  for (const int64_t period : {int64_t{1}, int64_t{300}, kRows}) {
    std::vector<T> y(x.size());
    ASSERT_TRUE(
        this->device_->DecaySum({this->kDtype, kRows, kCols, period, x.data(), y.data()}).ok());
    std::vector<double> want(x.size());
    for (int64_t at = 0; at < kRows * kCols; ++at) {
      const bool starts = at / kCols % period == 0;
      want[at] = -std::log1p(std::exp(-double{x[at]})) + (starts ? 0 : want[at - kCols]);
    }
    EXPECT_LT(ErrorInRoundoffs(y, want), 20) << period;
  }
  std::vector<T> gradient(x.size());
  ASSERT_TRUE(this->device_
                  ->DecayGradient({this->kDtype, kRows, kCols, x.data(), u.data(), gradient.data()})
                  .ok());
  std::vector<double> want(x.size());
  for (int64_t j = 0; j < kCols; ++j) {
    double later = 0;
    for (int64_t i = kRows - 1; i >= 0; --i) {
      later += u[i * kCols + j];
      want[i * kCols + j] = later / (1 + std::exp(double{x[i * kCols + j]}));
    }
  }
  EXPECT_LT(ErrorInRoundoffs(gradient, want), 20);
}

struct StagesCase {
  int64_t n, cols;
  std::vector<int64_t> strides;
};

// Stage by stage, as device.h defines it. `between` gets the stages' inputs but the first.
std::vector<double> StageByStage(const StagesCase& one, const std::vector<double>& blocks,
                                 std::vector<double> v, std::vector<double>* between) {
  for (size_t s = 0; s < one.strides.size(); ++s) {
    if (s > 0 && between != nullptr) between->insert(between->end(), v.begin(), v.end());
    const int64_t stride = one.strides[s];
    int64_t pair = 0;
    for (int64_t i = 0; i < one.n; ++i) {
      if (i / stride % 2 != 0) continue;
      const double* block = blocks.data() + 2 * static_cast<int64_t>(s) * one.n + 4 * pair++;
      for (int64_t c = 0; c < one.cols; ++c) {
        double &a = v[i * one.cols + c], &b = v[(i + stride) * one.cols + c];
        const double old = a;
        a = block[0] * old + block[1] * b;
        b = block[2] * old + block[3] * b;
      }
    }
  }
  return v;
}

template <typename T>
std::vector<double> Widened(const std::vector<T>& values) {
  return {values.begin(), values.end()};
}

// In shared memory, and in passes where too few vectors fit.
TYPED_TEST(KernelShapes, StagesInSharedMemoryAndInPasses) {
  using T = TypeParam;
  const StagesCase cases[] = {{64, 100, {1, 2, 4, 8, 16, 32, 16, 8, 4, 2, 1}},
                              {24, 9, {1, 3, 6, 12, 1, 2, 4}},
                              {8192, 20, {1, 2, 4, 8, 4096, 2048, 64, 128}},
                              {64, 3, std::vector<int64_t>(60, 1)}};
  for (const StagesCase& one : cases) {
    const auto stages = static_cast<int64_t>(one.strides.size());
    const std::vector<T> x = RandomValues<T>(one.n * one.cols, 8);
    const std::vector<T> blocks = RandomValues<T>(2 * stages * one.n, 9);
    std::vector<double> between;
    const std::vector<double> want = StageByStage(one, Widened(blocks), Widened(x), &between);
    for (const bool keeps : {false, true}) {
      std::vector<T> y(x.size()), kept(between.size());
      StagesArgs args{.dtype = this->kDtype, .n = one.n, .cols = one.cols};
      args.strides = one.strides;
      args.blocks = blocks.data(), args.x = x.data(), args.y = y.data();
      args.between = keeps ? kept.data() : nullptr;
      ASSERT_TRUE(this->device_->LinearStages(args).ok());
      EXPECT_LT(ErrorInRoundoffs(y, want), 50) << "n = " << one.n << ", stages " << stages;
      if (!keeps) continue;
      EXPECT_LT(ErrorInRoundoffs(kept, between), 50) << "n = " << one.n;
    }
  }
}

TYPED_TEST(KernelShapes, GradientOfAStageOfManyVectors) {
  using T = TypeParam;
  constexpr int64_t kN = 4, kCols = 3000;
  const int64_t strides[] = {2};
  const std::vector<T> x = RandomValues<T>(kN * kCols, 10), dy = RandomValues<T>(kN * kCols, 11);
  const std::vector<T> blocks = RandomValues<T>(2 * kN, 12);
  std::vector<T> dx = dy, gradient(2 * kN, 1);
  StagesGradientArgs args{.dtype = this->kDtype, .n = kN, .cols = kCols};
  args.strides = strides;
  args.blocks = blocks.data(), args.x = x.data(), args.dy = args.dx = dx.data();
  args.beta = 0.5, args.gradient = gradient.data();
  ASSERT_TRUE(this->device_->LinearStagesGradient(args).ok());
  std::vector<double> want(gradient.size(), 0.5), want_dx(dx.size());
  for (int64_t pair = 0; pair < 2; ++pair) {
    for (int64_t c = 0; c < kCols; ++c) {
      for (int64_t from = 0; from < 2; ++from) {
        const int64_t at = (pair + 2 * from) * kCols + c;
        for (int64_t to = 0; to < 2; ++to) {
          const double d = dy[(pair + 2 * to) * kCols + c];
          want[4 * pair + 2 * to + from] += d * x[at];
          want_dx[at] += blocks[4 * pair + 2 * to + from] * d;
        }
      }
    }
  }
  EXPECT_LT(ErrorInRoundoffs(gradient, want), 100);
  EXPECT_LT(ErrorInRoundoffs(dx, want_dx), 4);
}

}  // namespace
}  // namespace basisbench
