// SPDX-License-Identifier: Apache-2.0
#include "workers/devices/cuda/fp8_gemm.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/fakes/fake_cuda.h"
#include "tests/fakes/status_matchers.h"
#include "tests/unit/workers/devices/device_test_support.h"
#include "workers/devices/cpu/cpu_device.h"
#include "workers/devices/cuda/kernels/quantise.h"

namespace basisbench {
namespace {

// In fp8 by search among all values, not by the kernel's arithmetic.
struct Quantised {
  explicit Quantised(const std::vector<float>& x) {
    double largest = 0;
    for (const float value : x) largest = std::max(largest, std::fabs(double{value}));
    scale = static_cast<float>(largest) / 448;
    for (const float value : x) values.push_back(Nearest(value / scale));
  }
  // Even fractions win ties: they come at every second step.
  static double Nearest(double wanted) {
    double best = 0;
    for (int bits = 0; bits < 127; ++bits) {
      const int exponent = bits / 8, fraction = bits % 8;
      const double size =
          exponent == 0 ? std::ldexp(fraction, -9) : std::ldexp(8 + fraction, exponent - 10);
      const double off = std::fabs(size - std::fabs(wanted)),
                   least = std::fabs(best - std::fabs(wanted));
      if (off < least || (off == least && bits % 2 == 0)) best = size;
    }
    return std::copysign(best, wanted);
  }
  float scale;
  std::vector<double> values;
};

class Fp8Test : public testing::Test {
 protected:
  void SetUp() override {
    auto made = MakeCudaDevice({}, cuda_.api());
    ASSERT_THAT(made, IsOk());
    device_ = *std::move(made);
  }
  struct OnDevice {
    Buffer values, scale;
    Fp8Tensor tensor() { return {values.as<uint8_t>(), scale.as<float>()}; }
  };
  OnDevice Quantise(const std::vector<float>& x) {
    OnDevice made{*device_->Allocate(static_cast<int64_t>(x.size())), *device_->Allocate(4)};
    EXPECT_THAT(QuantiseToE4m3(*device_, {Dtype::kF32, static_cast<int64_t>(x.size()), x.data(),
                                          made.values.as<uint8_t>(), made.scale.as<float>()}),
                IsOk());
    return made;
  }

  FakeCuda cuda_;
  std::unique_ptr<Device> device_;
};

TEST_F(Fp8Test, MultipliesTheQuantisedValuesAndScalesTheSums) {
  constexpr int64_t kM = 32, kN = 16, kK = 48;
  const std::vector<float> x = RandomValues<float>(kM * kK, 1), w = RandomValues<float>(kN * kK, 2);
  OnDevice x8 = Quantise(x), w8 = Quantise(w);
  auto gemm = Fp8Gemm::Make(*device_);
  ASSERT_THAT(gemm, IsOk());
  alignas(16) uint16_t y[kM * kN];
  const Fp8GemmArgs args{kM, kN, kK, x8.tensor(), w8.tensor(), y};
  ASSERT_THAT((*gemm)->Run(args), IsOk());
  EXPECT_EQ(cuda_.blas.compute, CUBLAS_COMPUTE_32F);
  const Quantised qx(x), qw(w);
  for (int64_t i = 0; i < kM; ++i) {
    for (int64_t j = 0; j < kN; ++j) {
      double sum = 0;
      for (int64_t k = 0; k < kK; ++k) sum += qx.values[i * kK + k] * qw.values[j * kK + k];
      ASSERT_EQ(LoadElement(Dtype::kBf16, y, i * kN + j),
                RoundTo(Dtype::kBf16, sum * qx.scale * qw.scale))
          << i << " " << j;
    }
  }
  const size_t launched = cuda_.blas.launched.size();
  ASSERT_THAT((*gemm)->Run(args), IsOk());
  EXPECT_EQ(cuda_.blas.launched.size(), launched + 1) << "algorithms are timed once";
  EXPECT_EQ((*gemm)->Choices().at(0).first, "e4m3 32x16x48");
}

TEST_F(Fp8Test, SaysWhatTheLayoutNeeds) {
  auto gemm = Fp8Gemm::Make(*device_);
  ASSERT_THAT(gemm, IsOk());
  OnDevice tensor = Quantise(std::vector<float>(16 * 32, 1));
  alignas(16) uint16_t y[16 * 16];
  const Fp8GemmArgs good{16, 16, 32, tensor.tensor(), tensor.tensor(), y};
  Fp8GemmArgs args = good;
  args.k = 24;
  EXPECT_THAT((*gemm)->Run(args),
              Fails(absl::StatusCode::kInvalidArgument, "multiples of 16, and k is 24"));
  args = good;
  args.m = 0;
  EXPECT_THAT((*gemm)->Run(args), Fails(absl::StatusCode::kInvalidArgument, "m is 0"));
  args = good;
  args.y = y + 1;
  EXPECT_THAT((*gemm)->Run(args), Fails(absl::StatusCode::kInvalidArgument, "y is 2 behind one"));
  args = good;
  args.w.scale = nullptr;
  EXPECT_THAT((*gemm)->Run(args), Fails(absl::StatusCode::kInvalidArgument, "scale"));
  cuda_.blas.proposals = 0;
  EXPECT_THAT((*gemm)->Run(good), Fails(absl::StatusCode::kUnimplemented, "e4m3 16x16x32"));
  const auto cpu = MakeCpuDevice({});
  ASSERT_THAT(cpu, IsOk());
  EXPECT_THAT(Fp8Gemm::Make(**cpu), Fails(absl::StatusCode::kUnimplemented, "device cpu"));
}

TEST_F(Fp8Test, LeavesNothingBehind) {
  {
    auto gemm = Fp8Gemm::Make(*device_);
    OnDevice tensor = Quantise(std::vector<float>(16 * 16, 1));
    alignas(16) uint16_t y[16 * 16];
    ASSERT_THAT((*gemm)->Run({16, 16, 16, tensor.tensor(), tensor.tensor(), y}), IsOk());
  }
  device_.reset();
  for (const auto& [kind, count] : cuda_.state.alive) EXPECT_EQ(count, 0) << kind;
}

}  // namespace
}  // namespace basisbench
