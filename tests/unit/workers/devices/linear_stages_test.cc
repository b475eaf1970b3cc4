// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/workers/devices/device_test_support.h"
#include "workers/devices/cpu/simd_kernels.h"

namespace basisbench {
namespace {

template <typename T>
class LinearStages : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(LinearStages, Types);

struct Case {
  int64_t n, cols;
  std::vector<int64_t> strides;
};

// Runs of one, two, three and more stages, up, down and mixed; lengths that are no power of two;
// columns that fill registers, some of them or none.
std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const int64_t cols : {1, 7, 16, 33, 48}) {
    cases.push_back({2, cols, {1}});
    cases.push_back({8, cols, {4, 2, 1, 1, 2, 4}});
    cases.push_back({32, cols, {1, 2, 4, 8, 16}});
    cases.push_back({24, cols, {1, 4, 2, 2, 4, 12, 3}});
    cases.push_back({64, cols, {32, 16, 8, 4, 2, 1}});
  }
  return cases;
}

// Inputs of every stage, then the output, by the definition in long double.
template <typename T>
std::vector<std::vector<long double>> Naive(const Case& c, const std::vector<T>& blocks,
                                            const std::vector<T>& x) {
  std::vector<std::vector<long double>> values = {{x.begin(), x.end()}};
  const T* block = blocks.data();
  for (const int64_t stride : c.strides) {
    std::vector<long double> y = values.back();
    for (int64_t i = 0; i < c.n; ++i) {
      if (i / stride % 2 != 0) continue;
      for (int64_t j = 0; j < c.cols; ++j) {
        const long double a = values.back()[i * c.cols + j];
        const long double b = values.back()[(i + stride) * c.cols + j];
        y[i * c.cols + j] = block[0] * a + block[1] * b;
        y[(i + stride) * c.cols + j] = block[2] * a + block[3] * b;
      }
      block += 4;
    }
    values.push_back(std::move(y));
  }
  return values;
}

std::vector<double> Rounded(const std::vector<long double>& values) {
  return {values.begin(), values.end()};
}

TYPED_TEST(LinearStages, EqualTheDefinitionInEveryInstructionSet) {
  for (const SimdKernels* kernels : UsableKernels()) {
    for (const Case& c : Cases()) {
      const auto stages = static_cast<int64_t>(c.strides.size());
      const auto blocks = RandomValues<TypeParam>(2 * c.n * stages, 3);
      const auto x = RandomValues<TypeParam>(c.n * c.cols, 5);
      std::vector<TypeParam> y(x.size());
      StagesTask<TypeParam> task{.n = c.n, .cols = c.cols, .stages = stages};
      task.strides = c.strides.data();
      task.blocks = blocks.data();
      task.x = x.data();
      task.y = y.data();
      kernels->template Of<TypeParam>().stages(task);
      const auto naive = Naive(c, blocks, x);
      EXPECT_LT(ErrorInRoundoffs(y, Rounded(naive.back())), 16) << kernels->name << " n=" << c.n;
      std::vector<TypeParam> in_place = x;
      task.x = task.y = in_place.data();
      kernels->template Of<TypeParam>().stages(task);
      EXPECT_EQ(in_place, y) << kernels->name << " n=" << c.n;
    }
  }
}

TYPED_TEST(LinearStages, GradientsAreTheAdjointOfEachStage) {
  auto device = TestDevice();
  for (const Case& c : Cases()) {
    const auto stages = static_cast<int64_t>(c.strides.size()), size = c.n * c.cols;
    const auto blocks = RandomValues<TypeParam>(2 * c.n * stages, 7);
    const auto x = RandomValues<TypeParam>(size, 9), dy = RandomValues<TypeParam>(size, 11);
    std::vector<TypeParam> y(size), dx(size), between(size * stages), gradient(blocks.size(), 1);
    StagesArgs forward{.dtype = kDtypeOf<TypeParam>, .n = c.n, .cols = c.cols};
    forward.strides = c.strides;
    forward.blocks = blocks.data();
    forward.x = x.data();
    forward.y = y.data();
    forward.between = between.data();
    ASSERT_TRUE(device->LinearStages(forward).ok());
    const auto naive = Naive(c, blocks, x);
    EXPECT_LT(ErrorInRoundoffs(y, Rounded(naive.back())), 16);
    StagesGradientArgs args{.dtype = kDtypeOf<TypeParam>, .n = c.n, .cols = c.cols};
    args.strides = c.strides;
    args.blocks = blocks.data();
    args.x = x.data();
    args.between = between.data();
    args.dy = dy.data();
    args.dx = dx.data();
    args.beta = 2;
    args.gradient = gradient.data();
    ASSERT_TRUE(device->LinearStagesGradient(args).ok());
    std::vector<long double> adjoint(dy.begin(), dy.end());
    std::vector<double> expected(gradient.size());
    for (int64_t stage = stages - 1; stage >= 0; --stage) {
      const int64_t stride = c.strides[stage];
      int64_t at = 2 * c.n * stage;
      for (int64_t i = 0; i < c.n; ++i) {
        if (i / stride % 2 != 0) continue;
        long double sums[4] = {2, 2, 2, 2};
        for (int64_t j = 0; j < c.cols; ++j) {
          const int64_t a = i * c.cols + j, b = (i + stride) * c.cols + j;
          const long double da = adjoint[a], db = adjoint[b];
          sums[0] += da * naive[stage][a];
          sums[1] += da * naive[stage][b];
          sums[2] += db * naive[stage][a];
          sums[3] += db * naive[stage][b];
          adjoint[a] = blocks[at] * da + blocks[at + 2] * db;
          adjoint[b] = blocks[at + 1] * da + blocks[at + 3] * db;
        }
        for (int k = 0; k < 4; ++k) expected[at++] = static_cast<double>(sums[k]);
      }
    }
    EXPECT_LT(ErrorInRoundoffs(dx, Rounded(adjoint)), 16) << "n=" << c.n << " cols=" << c.cols;
    EXPECT_LT(ErrorInRoundoffs(gradient, expected), 32) << "n=" << c.n << " cols=" << c.cols;
  }
}

TYPED_TEST(LinearStages, RefuseStridesThatDoNotFit) {
  auto device = TestDevice();
  const std::vector<int64_t> strides = {1, 4};
  StagesArgs args{.dtype = kDtypeOf<TypeParam>, .n = 12, .cols = 1, .strides = strides};
  const absl::Status status = device->LinearStages(args);
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_NE(status.message().find("stride 4"), std::string::npos) << status;
}

}  // namespace
}  // namespace basisbench
