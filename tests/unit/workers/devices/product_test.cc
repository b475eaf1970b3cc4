// SPDX-License-Identifier: Apache-2.0
// Products, sums of columns, gathering and filling against their definitions in complex float64.
#include <complex>

#include "tests/unit/workers/devices/device_test_support.h"

namespace basisbench {
namespace {

// A strided operand with room between its elements.
template <typename T>
struct Matrix {
  Matrix(int64_t row, int64_t col, bool is_complex, uint64_t seed)
      : row_stride(row), col_stride(col), complex(is_complex) {
    values = RandomValues<T>(4000, seed);
  }
  std::complex<double> At(int64_t i, int64_t j) const {
    const int64_t at = i * row_stride + j * col_stride;
    return complex ? std::complex<double>(values[2 * at], values[2 * at + 1])
                   : std::complex<double>(values[at]);
  }
  int64_t row_stride, col_stride;
  bool complex;
  std::vector<T> values;
};

template <typename T>
class Products : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(Products, Types);

constexpr int64_t kRows = 70, kCols = 9;

TYPED_TEST(Products, EqualTheDefinition) {
  const double u = UnitRoundoff(kDtypeOf<TypeParam>);
  for (const bool complex : {false, true}) {
    for (const bool conjugate : {false, true}) {
      for (const bool with_w : {false, true}) {
        for (const double beta : {0.0, -0.5}) {
          for (const bool columns : {false, true}) {
            const auto stride = [&](int64_t row, int64_t col, uint64_t seed) {
              return columns ? Matrix<TypeParam>(col, 80, complex, seed)
                             : Matrix<TypeParam>(row, col, complex, seed);
            };
            const auto x = stride(10, 1, 1), w = stride(0, 1, 2);
            auto y = stride(11, 1, 3);
            const auto before = y;
            ProductArgs args{.dtype = kDtypeOf<TypeParam>, .complex = complex};
            args.rows = kRows, args.cols = kCols, args.alpha = 0.75, args.beta = beta;
            args.x = x.values.data();
            args.x_row_stride = x.row_stride, args.x_col_stride = x.col_stride;
            args.w = with_w ? w.values.data() : nullptr;
            args.w_row_stride = w.row_stride, args.w_col_stride = w.col_stride;
            args.conjugate_w = conjugate;
            args.y = y.values.data();
            args.y_row_stride = y.row_stride, args.y_col_stride = y.col_stride;
            ASSERT_TRUE(TestDevice()->Product(args).ok());
            for (int64_t i = 0; i < kRows; ++i) {
              for (int64_t j = 0; j < kCols; ++j) {
                std::complex<double> factor = with_w ? w.At(i, j) : 1.0;
                if (conjugate) factor = std::conj(factor);
                const auto want = 0.75 * x.At(i, j) * factor + beta * before.At(i, j);
                EXPECT_LE(std::abs(y.At(i, j) - want), 8 * u) << i << "," << j;
              }
            }
          }
        }
      }
    }
  }
}

TYPED_TEST(Products, SumColumnsByTheDefinition) {
  const double u = UnitRoundoff(kDtypeOf<TypeParam>);
  for (const bool complex : {false, true}) {
    for (const bool with_w : {false, true}) {
      const Matrix<TypeParam> x(12, 1, complex, 4), w(10, 1, complex, 5);
      Matrix<TypeParam> y(0, 3, complex, 6);
      const auto before = y;
      ColumnSumArgs args{.dtype = kDtypeOf<TypeParam>, .complex = complex};
      args.rows = kRows, args.cols = kCols, args.alpha = -2, args.beta = 0.5;
      args.x = x.values.data(), args.x_row_stride = 12;
      args.w = with_w ? w.values.data() : nullptr, args.w_row_stride = 10;
      args.conjugate_w = true;
      args.y = y.values.data(), args.y_stride = 3;
      ASSERT_TRUE(TestDevice()->ColumnSum(args).ok());
      for (int64_t j = 0; j < kCols; ++j) {
        std::complex<double> want = 0;
        for (int64_t i = 0; i < kRows; ++i)
          want += x.At(i, j) * (with_w ? std::conj(w.At(i, j)) : 1.0);
        want = -2.0 * want + 0.5 * before.At(0, j);
        EXPECT_LE(std::abs(y.At(0, j) - want), 200 * u) << j;
      }
    }
  }
}

TYPED_TEST(Products, GatherAndFill) {
  const Matrix<TypeParam> x(10, 1, false, 7);
  const std::vector<int32_t> index = {3, 0, 8, 8, 1};
  std::vector<TypeParam> y(5 * kRows, 0);
  GatherArgs args{.dtype = kDtypeOf<TypeParam>, .rows = kRows, .cols = 5};
  args.index = index.data();
  args.x = x.values.data(), args.x_row_stride = 10;
  args.y = y.data(), args.y_row_stride = 1, args.y_col_stride = kRows;
  ASSERT_TRUE(TestDevice()->Gather(args).ok());
  for (int64_t i = 0; i < kRows; ++i) {
    for (int64_t j = 0; j < 5; ++j) EXPECT_EQ(y[j * kRows + i], x.At(i, index[j]).real());
  }
  ASSERT_TRUE(TestDevice()->Fill(kDtypeOf<TypeParam>, 4, 0.5, y.data()).ok());
  EXPECT_EQ(y[3], TypeParam(0.5));
  EXPECT_EQ(y[4], x.At(4, index[0]).real());
}

TEST(ProductTest, RefusesNegativeSizes) {
  EXPECT_FALSE(TestDevice()->Product({.rows = -1}).ok());
  EXPECT_FALSE(TestDevice()->ColumnSum({.cols = -1}).ok());
  EXPECT_FALSE(TestDevice()->Gather({.rows = -1}).ok());
  EXPECT_FALSE(TestDevice()->Fill(Dtype::kF32, -1, 0, nullptr).ok());
}

}  // namespace
}  // namespace basisbench
