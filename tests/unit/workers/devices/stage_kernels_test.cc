// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <complex>
#include <numeric>

#include "tests/unit/workers/devices/device_test_support.h"
#include "workers/devices/cpu/simd_kernels.h"

namespace basisbench {
namespace {

template <typename T>
class StageKernels : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(StageKernels, Types);

// Element (i, j) of the Sylvester matrix is (-1)^(number of common ones of i and j).
template <typename T>
std::vector<double> NaiveWht(const std::vector<T>& x, int64_t n, double scale) {
  std::vector<double> y;
  for (size_t row = 0; row < x.size() / n; ++row) {
    for (int64_t i = 0; i < n; ++i) {
      long double sum = 0;  // long sums in double would err as much as what they judge
      for (int64_t j = 0; j < n; ++j) {
        const bool odd = std::popcount(static_cast<uint64_t>(i & j)) % 2 != 0;
        sum += odd ? -x[row * n + j] : x[row * n + j];
      }
      y.push_back(static_cast<double>(sum * scale));
    }
  }
  return y;
}

TYPED_TEST(StageKernels, WhtEqualsTheDefinitionInEveryInstructionSet) {
  for (const SimdKernels* kernels : UsableKernels()) {
    for (int64_t n = 1; n <= 2048; n *= 2) {
      const auto x = RandomValues<TypeParam>(3 * n, n);
      std::vector<TypeParam> y(3 * n);
      WhtTask<TypeParam> task{3, n, x.data(), n, y.data(), n, TypeParam(0.25), false};
      kernels->template Of<TypeParam>().wht(task);
      EXPECT_LT(ErrorInRoundoffs(y, NaiveWht(x, n, 0.25)), 4) << kernels->name << " n=" << n;
    }
  }
}

TYPED_TEST(StageKernels, StreamedWhtGivesTheSameBits) {
  for (const SimdKernels* kernels : UsableKernels()) {
    for (int64_t n = 8; n <= 32768; n *= 4) {
      const auto x = RandomValues<TypeParam>(2 * n, n);
      auto device = TestDevice();
      auto buffer = device->Allocate(2 * n * sizeof(TypeParam));
      ASSERT_TRUE(buffer.ok());
      std::vector<TypeParam> plain(2 * n);
      WhtTask<TypeParam> task{2, n, x.data(), n, plain.data(), n, TypeParam(1), false};
      kernels->template Of<TypeParam>().wht(task);
      task.out = buffer->template as<TypeParam>();
      task.stream = true;
      kernels->template Of<TypeParam>().wht(task);
      EXPECT_TRUE(std::equal(plain.begin(), plain.end(), task.out)) << kernels->name << " " << n;
    }
  }
}

// Long rows, where the definition would be slow: twice is n times the identity, exactly on small
// integers.
TYPED_TEST(StageKernels, WhtTwiceIsTheIdentityOnLongRowsInPlace) {
  auto device = TestDevice();
  for (int64_t n = 4096; n <= int64_t{1} << 18; n *= 2) {
    std::vector<TypeParam> x(n);
    for (int64_t i = 0; i < n; ++i) x[i] = static_cast<TypeParam>(i * 2654435761u % 5) - 2;
    std::vector<TypeParam> y = x;
    WhtArgs args{kDtypeOf<TypeParam>, 1, n, 1.0, y.data(), n, y.data(), n};
    ASSERT_TRUE(device->Wht(args).ok());
    EXPECT_EQ(y[0], std::accumulate(x.begin(), x.end(), TypeParam(0)));
    args.scale = 1.0 / static_cast<double>(n);
    ASSERT_TRUE(device->Wht(args).ok());
    EXPECT_EQ(y, x) << n;
  }
}

TYPED_TEST(StageKernels, WhtKeepsToItsRows) {
  auto device = TestDevice();
  const int64_t n = 64, in_stride = 70, out_stride = 67, rows = 5;
  const auto x = RandomValues<TypeParam>(rows * in_stride, 4);
  std::vector<TypeParam> y(rows * out_stride, TypeParam(9));
  WhtArgs args{kDtypeOf<TypeParam>, rows, n, 1.0, x.data(), in_stride, y.data(), out_stride};
  ASSERT_TRUE(device->Wht(args).ok());
  for (int64_t row = 0; row < rows; ++row) {
    const std::vector<TypeParam> in(x.begin() + row * in_stride, x.begin() + row * in_stride + n);
    const std::vector<TypeParam> out(y.begin() + row * out_stride,
                                     y.begin() + row * out_stride + n);
    EXPECT_LT(ErrorInRoundoffs(out, NaiveWht(in, n, 1.0)), 4);
    for (int64_t j = n; j < out_stride; ++j) EXPECT_EQ(y[row * out_stride + j], 9);
  }
}

// The definition stage by stage: for rows that are too long for the matrix.
void WhtByStages(std::vector<long double>& v) {
  for (size_t half = 1; half < v.size(); half *= 2) {
    for (size_t i = 0; i < v.size(); ++i) {
      if ((i & half) != 0) continue;
      const long double sum = v[i] + v[i + half];
      v[i + half] = v[i] - v[i + half];
      v[i] = sum;
    }
  }
}

// after[j] / 2 sum_i H[j,i] before[i] x[index[i]] of every row; empty: as WhtArgs' null.
template <typename T>
std::vector<double> NaiveDressedWht(const std::vector<T>& x, const std::vector<int32_t>& index,
                                    const std::vector<T>& before, const std::vector<T>& after,
                                    size_t n) {
  std::vector<double> y;
  for (size_t row = 0; row < x.size() / n; ++row) {
    std::vector<long double> v;
    for (size_t i = 0; i < n; ++i) {
      const T element = x[row * n + (index.empty() ? i : static_cast<size_t>(index[i]))];
      v.push_back(before.empty() ? element : static_cast<long double>(element) * before[i]);
    }
    WhtByStages(v);
    for (size_t j = 0; j < n; ++j)
      y.push_back(static_cast<double>(v[j] / 2 * (after.empty() ? T(1) : after[j])));
  }
  return y;
}

// As many rows as are written around the cache, in and out of place where that is allowed.
TYPED_TEST(StageKernels, WhtBetweenDiagonalsAndAfterAPermutationEqualsTheDefinition) {
  using T = TypeParam;
  auto device = TestDevice();
  for (const int64_t n : {1, 2, 8, 16, 64, 256, 1024, 16384, 65536}) {
    const int64_t rows = n == 1024 ? 3000 : 3;
    const auto x = RandomValues<T>(rows * n, 1);
    std::vector<int32_t> order(n);
    std::iota(order.begin(), order.end(), 0);
    std::rotate(order.begin(), order.begin() + n / 3, order.end());
    std::swap(order.front(), order.back());
    for (int set = 1; set < 8; ++set) {
      const auto index = (set & 1) != 0 ? order : std::vector<int32_t>{};
      const auto before = (set & 2) != 0 ? RandomValues<T>(n, 2) : std::vector<T>{};
      const auto after = (set & 4) != 0 ? RandomValues<T>(n, 3) : std::vector<T>{};
      std::vector<T> y(x.size()), in_place = x;
      WhtArgs args{kDtypeOf<T>, rows, n, 0.5, x.data(), n, y.data(), n};
      if (!index.empty()) args.index = index.data();
      if (!before.empty()) args.before = before.data();
      if (!after.empty()) args.after = after.data();
      ASSERT_TRUE(device->Wht(args).ok());
      const auto want = NaiveDressedWht(x, index, before, after, static_cast<size_t>(n));
      EXPECT_LT(ErrorInRoundoffs(y, want), 6) << "n = " << n << ", set " << set;
      if (!index.empty()) continue;
      args.in = args.out = in_place.data();
      ASSERT_TRUE(device->Wht(args).ok());
      EXPECT_EQ(in_place, y) << "n = " << n << ", set " << set;
    }
  }
}

TYPED_TEST(StageKernels, WhtRefusesWhatItCannotDo) {
  auto device = TestDevice();
  TypeParam value = 0;
  WhtArgs args{kDtypeOf<TypeParam>, 1, 12, 1.0, &value, 12, &value, 12};
  EXPECT_EQ(device->Wht(args).message(), "WHT n = 12 is no power of two");
  const int32_t first = 0;
  args.n = 1, args.index = &first;
  EXPECT_EQ(device->Wht(args).message(), "WHT of permuted elements in place");
}

TYPED_TEST(StageKernels, MultiplyAndCombineEqualTheDefinition) {
  for (const SimdKernels* kernels : UsableKernels()) {
    for (int64_t count : {0, 1, 15, 64, 257, 1000}) {
      for (bool stream : {false, true}) {
        const auto x = RandomValues<TypeParam>(count + 1, 1), z = RandomValues<TypeParam>(count, 2);
        std::vector<TypeParam> y(count + 1), sum(count + 1);
        kernels->template Of<TypeParam>().multiply(count, x.data() + 1, z.data(), y.data() + 1,
                                                   stream);
        kernels->template Of<TypeParam>().combine(count, x.data() + 1, 2, z.data(), -1,
                                                  sum.data() + 1, stream);
        for (int64_t i = 0; i < count; ++i) {
          EXPECT_EQ(y[i + 1], x[i + 1] * z[i]);
          EXPECT_NEAR(sum[i + 1], 2 * x[i + 1] - z[i], 1e-6);
        }
        EXPECT_EQ(y[0], 0);
      }
    }
  }
}

TYPED_TEST(StageKernels, ButterflyMayWriteOverEitherInput) {
  auto device = TestDevice();
  const auto x = RandomValues<TypeParam>(100, 1), z = RandomValues<TypeParam>(100, 2);
  std::vector<TypeParam> over_x = x, over_z = z;
  ButterflyArgs args{kDtypeOf<TypeParam>, 100, over_x.data(), z.data(), -1, 0.5, over_x.data()};
  ASSERT_TRUE(device->Butterfly(args).ok());
  args.x = x.data();
  args.z = args.y = over_z.data();
  ASSERT_TRUE(device->Butterfly(args).ok());
  for (int i = 0; i < 100; ++i) EXPECT_NEAR(over_x[i], 0.5 * (x[i] - z[i]), 1e-7);
  EXPECT_EQ(over_x, over_z);
}

TYPED_TEST(StageKernels, ButterflyAddsTheRowsOfStridedMatrices) {
  auto device = TestDevice();
  constexpr int64_t kRows = 5, kCount = 19;
  const auto x = RandomValues<TypeParam>(kRows * 23, 1), z = RandomValues<TypeParam>(kRows * 29, 2);
  std::vector<TypeParam> y(kRows * 31, TypeParam(7)), want = y;
  ButterflyArgs args{kDtypeOf<TypeParam>, kCount, x.data(), z.data(), -1, 0.5, y.data()};
  args.rows = kRows;
  args.x_row_stride = 23, args.z_row_stride = 29, args.y_row_stride = 31;
  ASSERT_TRUE(device->Butterfly(args).ok());
  for (int64_t i = 0; i < kRows; ++i) {
    for (int64_t j = 0; j < kCount; ++j)
      want[i * 31 + j] = TypeParam(0.5) * x[i * 23 + j] - TypeParam(0.5) * z[i * 29 + j];
  }
  for (size_t at = 0; at < y.size(); ++at) EXPECT_NEAR(y[at], want[at], 1e-6) << at;
}

TYPED_TEST(StageKernels, CopyReachesEveryStridedPlaceAndNoOther) {
  auto device = TestDevice();
  for (auto [rows, cols] : std::vector<std::pair<int64_t, int64_t>>{
           {1, 1}, {5, 7}, {16, 16}, {64, 48}, {97, 131}, {200, 3}}) {
    const int64_t wide = cols + 3, tall = rows + 2;
    const auto x = RandomValues<TypeParam>(rows * wide * 2, 1);
    for (bool from_transposed : {false, true}) {
      for (bool to_transposed : {false, true}) {
        for (int64_t spread : {1, 2}) {
          std::vector<TypeParam> y((cols + 5) * (rows + 5) * 3, TypeParam(7));
          std::vector<TypeParam> want = y;
          CopyArgs args{kDtypeOf<TypeParam>, rows, cols, x.data(), wide, 1, y.data(), wide, 1};
          if (from_transposed) args.from_row_stride = 1, args.from_col_stride = rows;
          args.from_row_stride *= spread, args.from_col_stride *= spread;
          if (to_transposed) args.to_row_stride = 1, args.to_col_stride = tall;
          for (int64_t i = 0; i < rows; ++i) {
            for (int64_t j = 0; j < cols; ++j) {
              want[i * args.to_row_stride + j * args.to_col_stride] =
                  x[i * args.from_row_stride + j * args.from_col_stride];
            }
          }
          ASSERT_TRUE(device->Copy(args).ok());
          EXPECT_EQ(y, want) << rows << " x " << cols;
        }
      }
    }
  }
}

TYPED_TEST(StageKernels, CopyRunsBackwardsWhereAStrideIsNegative) {
  auto device = TestDevice();
  const int64_t rows = 7, cols = 83;
  const auto x = RandomValues<TypeParam>(rows * cols, 1);
  for (const int64_t to_col : {1, 7}) {
    std::vector<TypeParam> y(rows * cols);
    CopyArgs args{kDtypeOf<TypeParam>, rows, cols, x.data() + rows * cols - 1, -cols, -1, y.data()};
    args.to_row_stride = to_col == 1 ? cols : 1;
    args.to_col_stride = to_col;
    ASSERT_TRUE(device->Copy(args).ok());
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < cols; ++j) {
        ASSERT_EQ(y[i * args.to_row_stride + j * to_col], x[(rows - 1 - i) * cols + cols - 1 - j]);
      }
    }
  }
}

TYPED_TEST(StageKernels, AddReflectedEqualsTheDefinition) {
  auto device = TestDevice();
  for (int64_t count : {0, 1, 2, 15, 64, 257, 1000}) {
    const auto x = RandomValues<TypeParam>(count, 1), z = RandomValues<TypeParam>(count, 2);
    std::vector<TypeParam> even(count);
    const Dtype dtype = kDtypeOf<TypeParam>;
    ASSERT_TRUE(device->AddReflected({dtype, count, x.data(), z.data(), 0.5, even.data()}).ok());
    for (int64_t j = 0; j < count; ++j)
      EXPECT_NEAR(even[j], (x[j] + z[(count - j) % count]) / 2, 1e-6);
  }
  EXPECT_EQ(device->AddReflected({Dtype::kF32, -1}).message(),
            "elementwise count = -1 is negative");
}

TYPED_TEST(StageKernels, PairColumnsEqualsTheDefinitionInEveryInstructionSet) {
  using Complex = std::complex<double>;
  for (const SimdKernels* kernels : UsableKernels()) {
    for (const bool both : {false, true}) {
      for (const int64_t count : {0, 1, 2, 7, 16, 65, 130}) {
        const int64_t pairs = (count + 1) / 2;
        const auto x = RandomValues<TypeParam>(2 * count, 1);
        const auto z = RandomValues<TypeParam>(2 * count, 2);
        std::vector<TypeParam> y(2 * pairs + 1, 7), mirror(2 * pairs + 1, 7);
        kernels->template Of<TypeParam>().pair_columns(
            {count, x.data(), both ? z.data() : nullptr, 2, y.data(), mirror.data()});
        const auto e = [&](int64_t j) -> Complex {
          if (j >= count) return 0;
          const Complex own(x[2 * j], x[2 * j + 1]), other(z[2 * j], z[2 * j + 1]);
          return 2.0 * (both ? own + std::conj(other) : own);
        };
        for (int64_t j = 0; j < pairs; ++j) {
          const Complex i(0, 1), want = e(2 * j) + i * e(2 * j + 1);
          const Complex want_mirror = std::conj(e(2 * j)) + i * std::conj(e(2 * j + 1));
          EXPECT_LT(std::abs(Complex(y[2 * j], y[2 * j + 1]) - want), 2e-6) << kernels->name;
          EXPECT_LT(std::abs(Complex(mirror[2 * j], mirror[2 * j + 1]) - want_mirror), 2e-6);
        }
        EXPECT_EQ(y.back(), 7);
        EXPECT_EQ(mirror.back(), 7);
      }
    }
  }
}

TYPED_TEST(StageKernels, BackwardLoopsAndSmallProductsAgreeInEveryInstructionSet) {
  const int64_t count = 131, m = 15, k = 9;
  const auto x = RandomValues<TypeParam>(k * count, 1), z = RandomValues<TypeParam>(m * count, 2);
  for (const SimdKernels* kernels : UsableKernels()) {
    const auto& of = kernels->template Of<TypeParam>();
    std::vector<TypeParam> sum(count), reversed(count), product = z;
    of.add_reversed(count, x.data(), z.data() + count - 1, 2, sum.data());
    of.reverse(count, x.data() + count - 1, reversed.data());
    of.gemm({m, count, k, 2, z.data(), k, x.data(), count, -1, product.data(), count});
    for (int64_t j = 0; j < count; ++j) {
      EXPECT_NEAR(sum[j], 2 * (x[j] + z[count - 1 - j]), 1e-6) << kernels->name;
      EXPECT_EQ(reversed[j], x[count - 1 - j]) << kernels->name;
      for (int64_t i = 0; i < m; ++i) {
        double want = -static_cast<double>(z[i * count + j]);
        for (int64_t at = 0; at < k; ++at) want += 2.0 * z[i * k + at] * x[at * count + j];
        ASSERT_NEAR(product[i * count + j], want, 2e-5) << kernels->name << " " << i << " " << j;
      }
    }
  }
}

TYPED_TEST(StageKernels, TransposeIsExactInEveryInstructionSet) {
  // Into the cache and around it; `tall` begins each line of the output where a cache line begins.
  const int64_t rows = 83, cols = 150, tall = 96;
  const auto x = RandomValues<TypeParam>(rows * cols, 1);
  for (const SimdKernels* kernels : UsableKernels()) {
    for (const bool stream : {false, true}) {
      std::vector<TypeParam> room(cols * tall + 64, TypeParam(7));
      const auto address = reinterpret_cast<uintptr_t>(room.data());
      TypeParam* y = room.data() + (64 - address % 64) / sizeof(TypeParam);
      kernels->template Of<TypeParam>().transpose({rows, cols, x.data(), cols, y, tall, stream});
      for (int64_t j = 0; j < cols; ++j) {
        for (int64_t i = 0; i < rows; ++i) ASSERT_EQ(y[j * tall + i], x[i * cols + j]);
        for (int64_t i = rows; i < tall; ++i) ASSERT_EQ(y[j * tall + i], TypeParam(7));
      }
    }
  }
}

}  // namespace
}  // namespace basisbench
