// SPDX-License-Identifier: Apache-2.0
// Products of strided rows and the step of real transforms, in every instruction set, against their
// definitions. Rows end where their memory ends.
#include <complex>
#include <cstdlib>

#include "tests/unit/workers/devices/device_test_support.h"
#include "workers/devices/cpu/simd_kernels.h"

namespace basisbench {
namespace {

template <typename T>
class StridedKernels : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(StridedKernels, Types);

constexpr int64_t kRows = 3;

// Rows of `cols` elements `stride` apart, which take up all of their memory.
template <typename T>
struct Strided {
  Strided(int64_t cols, int64_t step, uint64_t seed)
      : stride(step),
        row((cols - 1) * std::abs(step) + 1),
        values(RandomValues<T>(kRows * row, seed)) {}
  int64_t Place(int64_t i, int64_t j) const {
    return i * row + (stride < 0 ? row - 1 : 0) + j * stride;
  }
  T* first() { return values.data() + Place(0, 0); }
  int64_t stride, row;
  std::vector<T> values;
};

TYPED_TEST(StridedKernels, ProductsEqualTheDefinition) {
  for (const SimdKernels* kernels : UsableKernels()) {
    for (const int64_t cols : {1, 7, 16, 17, 32, 65}) {
      for (const int64_t x_stride : {1, -1, 2, -2, 3}) {
        for (const int64_t y_stride : {1, -1, 2}) {
          for (const bool with_w : {false, true}) {
            for (const TypeParam beta : {0, -2}) {
              Strided<TypeParam> x(cols, x_stride, 1), w(cols, 1, 2), y(cols, y_stride, 3);
              const Strided<TypeParam> before = y;
              ProductTask<TypeParam> task{.rows = kRows, .cols = cols};
              task.alpha = TypeParam(0.5), task.beta = beta;
              task.x = x.first(), task.x_row = x.row, task.x_col = x_stride;
              task.w = with_w ? w.first() : nullptr, task.w_row = w.row;
              task.y = y.first(), task.y_row = y.row, task.y_col = y_stride;
              kernels->template Of<TypeParam>().product(task);
              for (int64_t i = 0; i < kRows; ++i) {
                for (int64_t j = 0; j < cols; ++j) {
                  const double factor = with_w ? w.values[w.Place(i, j)] : 1.0;
                  const double want =
                      0.5 * x.values[x.Place(i, j)] * factor + beta * before.values[y.Place(i, j)];
                  ASSERT_NEAR(y.values[y.Place(i, j)], want, 4 * UnitRoundoff(kDtypeOf<TypeParam>))
                      << kernels->name << " " << x_stride << " " << y_stride << " " << j;
                }
              }
            }
          }
        }
      }
    }
  }
}

TYPED_TEST(StridedKernels, ComplexProductsEqualTheDefinition) {
  using Complex = std::complex<TypeParam>;
  for (const SimdKernels* kernels : UsableKernels()) {
    for (const int64_t cols : {1, 8, 9, 33}) {
      for (const bool conjugate : {false, true}) {
        const auto x = RandomValues<TypeParam>(2 * cols, 1),
                   w = RandomValues<TypeParam>(2 * cols, 2);
        auto y = RandomValues<TypeParam>(2 * cols, 3);
        const auto before = y;
        ProductTask<TypeParam> task{.rows = 1, .cols = cols, .complex = true};
        task.conjugate_w = conjugate, task.alpha = TypeParam(0.5), task.beta = 1;
        task.x = x.data(), task.w = w.data(), task.y = y.data();
        kernels->template Of<TypeParam>().product(task);
        for (int64_t j = 0; j < cols; ++j) {
          const Complex factor(w[2 * j], conjugate ? -w[2 * j + 1] : w[2 * j + 1]);
          const Complex want = TypeParam(0.5) * Complex(x[2 * j], x[2 * j + 1]) * factor +
                               Complex(before[2 * j], before[2 * j + 1]);
          ASSERT_LE(std::abs(Complex(y[2 * j], y[2 * j + 1]) - want),
                    8 * UnitRoundoff(kDtypeOf<TypeParam>))
              << kernels->name << " " << cols << " " << j;
        }
      }
    }
  }
}

TYPED_TEST(StridedKernels, TheRealStepEqualsTheDefinition) {
  using Complex = std::complex<double>;
  for (const SimdKernels* kernels : UsableKernels()) {
    for (const int64_t m : {2, 3, 15, 16, 17, 32, 63, 100}) {
      const auto x = RandomValues<TypeParam>(2 * m, 1), turns = RandomValues<TypeParam>(m + 2, 2);
      std::vector<TypeParam> y(2 * m);
      kernels->template Of<TypeParam>().real_spectrum(m, TypeParam(0.5), turns.data(), x.data(),
                                                      y.data());
      const auto at = [](const auto& v, int64_t k) { return Complex(v[2 * k], v[2 * k + 1]); };
      // Where k is m - k the second of its two values stays, as in a transform both are one.
      for (int64_t k = 1; 2 * k < m; ++k) {
        const Complex even = 0.5 * (at(x, k) + std::conj(at(x, m - k)));
        const Complex odd = at(turns, k) * (at(x, k) - std::conj(at(x, m - k)));
        const double most = 8 * UnitRoundoff(kDtypeOf<TypeParam>);
        ASSERT_LE(std::abs(at(y, k) - (even + odd)), most) << kernels->name << " " << m << " " << k;
        ASSERT_LE(std::abs(at(y, m - k) - std::conj(even - odd)), most)
            << kernels->name << " " << m << " " << k;
      }
    }
  }
}

}  // namespace
}  // namespace basisbench
