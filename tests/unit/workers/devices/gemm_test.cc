// SPDX-License-Identifier: Apache-2.0
#include "workers/devices/cpu/gemm.h"

#include "tests/unit/workers/devices/device_test_support.h"
#include "workers/devices/checks.h"

namespace basisbench {
namespace {

int64_t Rows(Transpose t, int64_t rows, int64_t cols) { return t == Transpose::kNo ? rows : cols; }

// Everything as the interface defines it, one element at a time.
template <typename T>
std::vector<double> NaiveGemm(const GemmArgs& g, const std::vector<T>& a, const std::vector<T>& b,
                              const std::vector<T>& c) {
  std::vector<double> result(c.begin(), c.end());
  for (int64_t batch = 0; batch < g.batch; ++batch) {
    for (int64_t i = 0; i < g.m; ++i) {
      for (int64_t j = 0; j < g.n; ++j) {
        double sum = 0;
        for (int64_t k = 0; k < g.k; ++k) {
          const int64_t at = g.transpose_a == Transpose::kNo ? i * g.lda + k : k * g.lda + i;
          const int64_t bt = g.transpose_b == Transpose::kNo ? k * g.ldb + j : j * g.ldb + k;
          sum += static_cast<double>(a[batch * g.stride_a + at]) * b[batch * g.stride_b + bt];
        }
        double& out = result[batch * g.stride_c + i * g.ldc + j];
        out = g.alpha * sum + g.beta * out;
      }
    }
  }
  return result;
}

template <typename T>
void ExpectGemm(GemmArgs g) {
  const auto extent = [&](int64_t stride, int64_t rows, int64_t cols, int64_t leading) {
    return (g.batch - 1) * stride + std::max<int64_t>(rows - 1, 0) * leading + cols + 3;
  };
  const auto a = RandomValues<T>(
      extent(g.stride_a, Rows(g.transpose_a, g.m, g.k), Rows(g.transpose_a, g.k, g.m), g.lda), 1);
  const auto b = RandomValues<T>(
      extent(g.stride_b, Rows(g.transpose_b, g.k, g.n), Rows(g.transpose_b, g.n, g.k), g.ldb), 2);
  auto c = RandomValues<T>(extent(g.stride_c, g.m, g.n, g.ldc), 3);
  const auto want = NaiveGemm(g, a, b, c);
  g.dtype = kDtypeOf<T>;
  g.a = a.data();
  g.b = b.data();
  g.c = c.data();
  auto device = TestDevice();
  const auto status = device->Gemm(g);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_LT(ErrorInRoundoffs(c, want), 40) << "m=" << g.m << " n=" << g.n << " k=" << g.k;
}

GemmArgs Dense(int64_t m, int64_t n, int64_t k, Transpose ta, Transpose tb) {
  GemmArgs g;
  g.m = m;
  g.n = n;
  g.k = k;
  g.transpose_a = ta;
  g.transpose_b = tb;
  g.lda = Rows(ta, k, m) + 2;  // padded rows
  g.ldb = Rows(tb, n, k) + 1;
  g.ldc = n + 3;
  return g;
}

TEST(CpuGemm, EqualsTheDefinitionForOddSizesAndTransposes) {
  for (Transpose ta : {Transpose::kNo, Transpose::kYes}) {
    for (Transpose tb : {Transpose::kNo, Transpose::kYes}) {
      for (int64_t m : {1, 7, 33}) {
        for (int64_t n : {1, 5, 64}) {
          for (int64_t k : {1, 13, 65}) {
            ExpectGemm<float>(Dense(m, n, k, ta, tb));
            ExpectGemm<double>(Dense(m, n, k, ta, tb));
          }
        }
      }
    }
  }
}

TEST(CpuGemm, ScalesAndAccumulates) {
  GemmArgs g = Dense(9, 8, 7, Transpose::kNo, Transpose::kNo);
  g.alpha = -0.5;
  g.beta = 2.0;
  ExpectGemm<float>(g);
  ExpectGemm<double>(g);
  g.k = 0;  // only the scaling is left
  ExpectGemm<double>(g);
}

TEST(CpuGemm, BatchesAreIndependentProducts) {
  for (Transpose ta : {Transpose::kNo, Transpose::kYes}) {
    for (Transpose tb : {Transpose::kNo, Transpose::kYes}) {
      GemmArgs g = Dense(6, 5, 4, ta, tb);
      g.batch = 3;
      g.stride_a = 60;
      g.stride_b = 61;
      g.stride_c = 62;
      ExpectGemm<float>(g);
      g.stride_a = 0;
      ExpectGemm<double>(g);
      g.stride_a = 60;
      g.stride_b = 0;
      ExpectGemm<float>(g);
    }
  }
}

TEST(CpuGemm, BatchesOfSmallProductsReachEveryEdgeOfTheirTiles) {
  for (int64_t m : {1, 4, 7, 8, 33}) {
    for (int64_t n : {16, 47, 48, 101}) {
      for (int64_t k : {0, 1, 32}) {
        GemmArgs g = Dense(m, n, k, Transpose::kNo, Transpose::kNo);
        g.alpha = 0.5;
        g.beta = m % 2 == 0 ? 0.0 : -2.0;
        g.batch = 3;
        g.stride_a = m * g.lda + 1;
        g.stride_b = n + 2;  // interleaved rows
        g.ldb = 3 * g.stride_b;
        g.stride_c = n + 1;
        g.ldc = 3 * g.stride_c;
        ExpectGemm<float>(g);
        ExpectGemm<double>(g);
      }
    }
  }
}

// Each row: a batch that is one product in disguise.
struct Merge {
  int64_t m, n;
  Transpose ta, tb;
  int64_t lda, stride_a, ldb, stride_b, ldc, stride_c;
  int64_t merged_m, merged_n;
};

TEST(CpuGemm, ABatchThatIsOneProductBecomesOne) {
  constexpr auto kNo = Transpose::kNo, kYes = Transpose::kYes;
  const std::vector<Merge> cases = {
      {6, 5, kNo, kNo, 4, 24, 5, 0, 5, 30, 18, 5},   // shared B, A and C stacked
      {6, 5, kYes, kNo, 20, 6, 5, 0, 5, 30, 18, 5},  // A given as its transpose
      {6, 5, kNo, kNo, 4, 0, 15, 5, 15, 5, 6, 15},   // shared A, B and C side by side
      {6, 5, kNo, kYes, 4, 0, 4, 20, 15, 5, 6, 15},  // B given as its transpose
      {1, 5, kNo, kNo, 4, 100, 5, 0, 5, 50, 3, 5},   // single rows any distance apart
  };
  for (const Merge& c : cases) {
    GemmArgs g;
    g.m = c.m;
    g.n = c.n;
    g.k = 4;
    g.batch = 3;
    g.transpose_a = c.ta;
    g.transpose_b = c.tb;
    g.lda = c.lda;
    g.stride_a = c.stride_a;
    g.ldb = c.ldb;
    g.stride_b = c.stride_b;
    g.ldc = c.ldc;
    g.stride_c = c.stride_c;
    const GemmArgs merged = MergeBatch(g);
    EXPECT_EQ(merged.batch, 1);
    EXPECT_EQ(merged.m, c.merged_m);
    EXPECT_EQ(merged.n, c.merged_n);
    ExpectGemm<float>(g);
    ExpectGemm<double>(g);
    g.stride_c += 7;  // no longer one matrix, unless rows may lie anywhere
    EXPECT_EQ(MergeBatch(g).batch, c.m > 1 ? 3 : 1);
    ExpectGemm<double>(g);
  }
}

TEST(CpuGemm, BadArgumentsAreNamed) {
  auto device = TestDevice();
  float value = 0;
  GemmArgs g = Dense(4, 4, 4, Transpose::kNo, Transpose::kNo);
  g.a = g.b = &value;
  g.c = &value;
  g.lda = 3;
  EXPECT_EQ(device->Gemm(g).message(), "GEMM lda = 3 is shorter than a row of 4");
  g.lda = 4;
  g.m = -1;
  EXPECT_EQ(device->Gemm(g).code(), absl::StatusCode::kInvalidArgument);
  g.m = int64_t{1} << 40;
  EXPECT_EQ(device->Gemm(g).code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace basisbench
