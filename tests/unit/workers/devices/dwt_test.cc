// SPDX-License-Identifier: Apache-2.0
// Wavelet transforms against their recursion in float64.
#include <numeric>

#include "gmock/gmock.h"
#include "tests/unit/workers/devices/device_test_support.h"
#include "workers/devices/cpu/simd_kernels.h"

namespace basisbench {
namespace {

template <typename T>
class DwtOfDevice : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(DwtOfDevice, Types);

// The matrix of a transform applied to x, or its transpose.
std::vector<double> Naive(std::vector<double> x, int64_t levels, const std::vector<double>& h,
                          bool adjoint) {
  const auto taps = static_cast<int64_t>(h.size());
  const auto high = [&](int64_t l) { return (l % 2 == 0 ? 1 : -1) * h[taps - 1 - l]; };
  const auto n = static_cast<int64_t>(x.size());
  for (int64_t done = 0; done < levels; ++done) {
    const int64_t q = n >> (adjoint ? levels - 1 - done : done);
    std::vector<double> y(q, 0.0);
    for (int64_t i = 0; i < q / 2; ++i) {
      for (int64_t l = 0; l < taps; ++l) {
        const int64_t at = (2 * i + l) % q;
        if (adjoint) {
          y[at] += h[l] * x[i] + high(l) * x[q / 2 + i];
        } else {
          y[i] += h[l] * x[at];
          y[q / 2 + i] += high(l) * x[at];
        }
      }
    }
    std::copy(y.begin(), y.end(), x.begin());
  }
  return x;
}

struct Rows {
  int64_t rows = 3, n = 0, levels = 0;
  int64_t in_stride = 0, out_stride = 0;
};

// Rows of random values with gaps between them, transformed by the device under test.
template <typename T>
void ExpectDefinition(const Rows& of, const std::vector<double>& filter, bool adjoint) {
  const auto x = RandomValues<T>(of.rows * of.in_stride, of.n + of.levels);
  std::vector<T> y(of.rows * of.out_stride, T(9)), work(of.rows * of.n);
  DwtArgs args{kDtypeOf<T>, of.rows, of.n, of.levels, filter, adjoint};
  args.in = x.data(), args.in_row_stride = of.in_stride;
  args.out = y.data(), args.out_row_stride = of.out_stride;
  args.work = work.data();
  ASSERT_TRUE(TestDevice()->Dwt(args).ok());
  for (int64_t row = 0; row < of.rows; ++row) {
    const auto in = x.begin() + row * of.in_stride;
    const auto out = y.begin() + row * of.out_stride;
    EXPECT_LT(ErrorInRoundoffs(std::vector<T>(out, out + of.n),
                               Naive({in, in + of.n}, of.levels, filter, adjoint)),
              16)
        << filter.size() << " taps, n = " << of.n << ", levels = " << of.levels << adjoint;
    EXPECT_THAT(std::vector<T>(out + of.n, out + of.out_stride), testing::Each(T(9)));
  }
}

TYPED_TEST(DwtOfDevice, EqualsTheDefinition) {
  for (const int64_t taps : {2, 4, 6, 8, 16}) {
    const auto filter = RandomValues<double>(taps, taps);
    for (const bool adjoint : {false, true}) {
      for (const int64_t n : {2, 6, 12, 40, 64, 224, 1000}) {
        for (int64_t levels = 1; n % (int64_t{1} << levels) == 0; ++levels)
          ExpectDefinition<TypeParam>({3, n, levels, n + 3, n + 5}, filter, adjoint);
      }
    }
  }
}

// More than GPUs hold in a block's shared memory.
TYPED_TEST(DwtOfDevice, EqualsTheDefinitionOnLongRows) {
  for (const bool adjoint : {false, true}) {
    const int64_t n = int64_t{3} << 15;
    ExpectDefinition<TypeParam>({2, n, 15, n, n}, {0.6, 0.8}, adjoint);
  }
}

TYPED_TEST(DwtOfDevice, IsTheSameInEveryInstructionSetAndAroundTheCache) {
  const int64_t rows = 3, n = 1024;
  for (const bool adjoint : {false, true}) {
    const auto x = RandomValues<TypeParam>(rows * n, 1);
    std::vector<double> want;
    const std::vector<double> filter = {0.5, 0.25, -0.75, 1};
    for (int64_t row = 0; row < rows; ++row) {
      const auto one = Naive({x.begin() + row * n, x.begin() + (row + 1) * n}, 10, filter, adjoint);
      want.insert(want.end(), one.begin(), one.end());
    }
    for (const SimdKernels* kernels : UsableKernels()) {
      for (const bool stream : {false, true}) {
        const auto device = TestDevice();
        auto aligned = device->Allocate(rows * n * static_cast<int64_t>(sizeof(TypeParam)));
        ASSERT_TRUE(aligned.ok());
        std::vector<TypeParam> work(n);
        DwtTask<TypeParam> task{rows, n, 10, 4, {0.5, 0.25, -0.75, 1}, {1, 0.75, 0.25, -0.5}};
        task.adjoint = adjoint, task.stream = stream;
        task.in = x.data(), task.in_stride = n;
        task.out = aligned->template as<TypeParam>(), task.out_stride = n;
        task.work = work.data();
        kernels->template Of<TypeParam>().dwt(task);
        EXPECT_LT(ErrorInRoundoffs(std::vector<TypeParam>(task.out, task.out + rows * n), want), 16)
            << kernels->name << stream << adjoint;
      }
    }
  }
}

TEST(DwtOfDeviceTest, RefusesWhatIsNoTransform) {
  const auto device = TestDevice();
  const std::vector<double> haar = {1, 1}, odd = {1, 1, 1}, longest(kMostWaveletTaps + 2, 1.0);
  const auto refusal = [&](DwtArgs args) { return device->Dwt(args).ToString(); };
  using testing::HasSubstr;
  EXPECT_THAT(refusal({Dtype::kF32, 1, 8, 1, odd}), HasSubstr("3 taps"));
  EXPECT_THAT(refusal({Dtype::kF32, 1, 8, 1, {}}), HasSubstr("0 taps"));
  EXPECT_THAT(refusal({Dtype::kF32, 1, 8, 1, longest}), HasSubstr("18 taps"));
  EXPECT_THAT(refusal({Dtype::kF32, 1, 12, 3, haar}), HasSubstr("3 levels of n = 12"));
  EXPECT_THAT(refusal({Dtype::kF32, 1, 8, 0, haar}), HasSubstr("0 levels"));
  EXPECT_THAT(refusal({Dtype::kF32, -1, 8, 1, haar}), HasSubstr("-1"));
  EXPECT_THAT(refusal({Dtype::kF32, 2, 8, 1, haar, false, nullptr, 7, nullptr, 8}),
              HasSubstr("shorter than n = 8"));
}

}  // namespace
}  // namespace basisbench
