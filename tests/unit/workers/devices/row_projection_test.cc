// SPDX-License-Identifier: Apache-2.0
#include "workers/devices/row_projection.h"

#include <gmock/gmock.h>

#include <cmath>

#include "tests/fakes/status_matchers.h"
#include "tests/unit/workers/devices/device_test_support.h"

namespace basisbench {
namespace {

using ::testing::Pointwise;

// A matrix of any element type with a gap behind every row.
struct Stored {
  Stored(Dtype of, int64_t rows, int64_t cols, uint64_t seed)
      : dtype(of), matrix{of, rows, cols, cols + 3}, values(rows * cols) {
    bytes.assign(static_cast<size_t>(rows * matrix.leading * DtypeSize(of)), std::byte{0xff});
    const std::vector<double> random = RandomValues<double>(rows * cols, seed);
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < cols; ++j) Set(i, j, random[i * cols + j]);
    }
    matrix.data = bytes.data();
  }
  void Set(int64_t i, int64_t j, double value) {
    StoreElement(dtype, bytes.data(), i * matrix.leading + j, value);
    values[i * matrix.cols + j] = LoadElement(dtype, bytes.data(), i * matrix.leading + j);
  }

  Dtype dtype;
  DeviceMatrix matrix;
  std::vector<std::byte> bytes;
  std::vector<double> values;
};

constexpr Dtype kDtypes[] = {Dtype::kF32, Dtype::kF64, Dtype::kBf16, Dtype::kF16};

TEST(Projection, OfEveryElementTypeAndShapeAgreesWithItsDefinition) {
  const auto device = TestDevice();
  for (const Dtype dtype : kDtypes) {
    for (const int64_t rows : {1, 4, 11}) {
      for (const int64_t cols : {1, 127, 1000}) {
        const Stored x(dtype, rows, cols, 1);
        constexpr int64_t kVectors = 3;
        const std::vector<double> v = RandomValues<double>(kVectors * cols, 2);
        const auto z = device->ProjectRows(x.matrix, v);
        ASSERT_THAT(z, IsOk());
        ASSERT_EQ(z->value.size(), static_cast<size_t>(kVectors * rows));
        for (int64_t at = 0; at < kVectors * rows; ++at) {
          long double sum = 0, squares = 0;
          for (int64_t j = 0; j < cols; ++j) {
            const long double term =
                static_cast<long double>(x.values[at % rows * cols + j]) * v[at / rows * cols + j];
            sum += term;
            squares += term * term;
          }
          const double size = std::sqrt(static_cast<double>(squares));
          EXPECT_NEAR(z->value[at], static_cast<double>(sum), 0x1p-52 * std::fabs(z->value[at]));
          EXPECT_NEAR(z->size[at], size, 1e-12 * size);
        }
      }
    }
  }
}

// 1 + tiny - 1 = tiny, though no f64 holds 1 + tiny.
TEST(Projection, AddsUpWiderThanItsElements) {
  const auto device = TestDevice();
  constexpr double kTiny = 0x1p-60;
  Stored x(Dtype::kF64, 1, 300, 3);
  std::vector<double> v(300, 0.0);
  x.Set(0, 0, 1), x.Set(0, 130, kTiny), x.Set(0, 256, -1);
  v[0] = v[130] = v[256] = 1;
  const auto z = device->ProjectRows(x.matrix, v);
  ASSERT_THAT(z, IsOk());
  EXPECT_EQ(z->value[0], kTiny);
}

// What the check is for: no wrong element may get through.
TEST(Projection, EveryWrongElementShows) {
  const auto device = TestDevice();
  constexpr int64_t kRows = 6, kCols = 150;
  for (const Dtype dtype : kDtypes) {
    Stored x(dtype, kRows, kCols, 4);
    const std::vector<double> v = RandomValues<double>(kCols, 5);
    const auto right = device->ProjectRows(x.matrix, v);
    ASSERT_THAT(right, IsOk());
    for (int64_t row = 0; row < kRows; ++row) {
      for (const int64_t col : {int64_t{0}, int64_t{127}, int64_t{128}, kCols - 1}) {
        const double good = x.values[row * kCols + col];
        // One unit in the last place, of f64 a few more: the result is rounded to f64, too.
        x.Set(row, col, good * (1 + std::max(2 * UnitRoundoff(dtype), 0x1p-40)));
        const auto wrong = device->ProjectRows(x.matrix, v);
        ASSERT_THAT(wrong, IsOk());
        for (int64_t i = 0; i < kRows; ++i)
          EXPECT_EQ(wrong->value[i] != right->value[i], i == row) << row << " " << col;
        x.Set(row, col, std::nan(""));
        EXPECT_TRUE(std::isnan(device->ProjectRows(x.matrix, v)->value[row]));
        x.Set(row, col, good);
      }
    }
    EXPECT_THAT(device->ProjectRows(x.matrix, v)->value, Pointwise(testing::Eq(), right->value));
  }
}

TEST(Projection, SaysWhatItCannotDo) {
  const auto device = TestDevice();
  const Stored x(Dtype::kF32, 2, 5, 6);
  EXPECT_THAT(device->ProjectRows(x.matrix, std::vector<double>(7)),
              Fails(absl::StatusCode::kInvalidArgument, "7 weights"));
  DeviceMatrix none = x.matrix;
  none.rows = 0;
  const auto empty = device->ProjectRows(none, std::vector<double>(5));
  ASSERT_THAT(empty, IsOk());
  EXPECT_TRUE(empty->value.empty());
}

}  // namespace
}  // namespace basisbench
