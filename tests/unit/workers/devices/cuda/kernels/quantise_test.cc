// SPDX-License-Identifier: Apache-2.0
#include "workers/devices/cuda/kernels/quantise.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/fakes/status_matchers.h"
#include "tests/unit/workers/devices/device_test_support.h"
#include "workers/devices/cpu/cpu_device.h"
#include "workers/devices/cuda/kernels/e4m3.h"
#include "workers/devices/cuda/kernels/stored_values.h"

namespace basisbench {
namespace {

double ValueOf(uint8_t e4m3) {
  const int exponent = e4m3 >> 3 & 15, fraction = e4m3 & 7;
  if (exponent == 15 && fraction == 7) return std::nan("");
  const double size = exponent == 0 ? fraction / 512.0 : (8 + fraction) * std::exp2(exponent - 10);
  return e4m3 >= 128 ? -size : size;
}

uint8_t Rounded(double value) {
  return kernels::E4m3FromBits(kernels::BitsOf(static_cast<float>(value)));
}

TEST(E4m3, EveryValueIsItsOwnAndMiddlesGoToTheEvenOne) {
  for (int bits = 0; bits < 127; ++bits) {
    const double value = ValueOf(static_cast<uint8_t>(bits));
    EXPECT_EQ(Rounded(value), bits);
    EXPECT_EQ(Rounded(-value), bits + 128);
    if (bits == 126) continue;
    const double middle = (value + ValueOf(static_cast<uint8_t>(bits + 1))) / 2;
    EXPECT_EQ(Rounded(middle), bits + bits % 2) << value;
    EXPECT_EQ(Rounded(std::nextafter(static_cast<float>(middle), 0.0f)), bits) << value;
    EXPECT_EQ(Rounded(std::nextafter(static_cast<float>(middle), 1e9f)), bits + 1) << value;
  }
}

TEST(E4m3, WhatIsTooLargeBecomesTheLargest) {
  EXPECT_EQ(ValueOf(Rounded(449)), 448);
  EXPECT_EQ(ValueOf(Rounded(-INFINITY)), -448);
  EXPECT_TRUE(std::isnan(ValueOf(Rounded(std::nan("")))));
}

struct Made {
  std::vector<uint8_t> values;
  float scale = -1;
};

Made Quantise(Dtype dtype, const std::vector<double>& x, int64_t skipped) {
  std::vector<std::byte> stored(x.size() * static_cast<size_t>(DtypeSize(dtype)));
  for (size_t i = 0; i < x.size(); ++i)
    StoreElement(dtype, stored.data(), static_cast<int64_t>(i), x[i]);
  const int64_t count = static_cast<int64_t>(x.size()) - skipped;
  Made made;
  made.values.resize(static_cast<size_t>(count));
  const auto device = TestDevice();
  EXPECT_THAT(QuantiseToE4m3(*device, {dtype, count, stored.data() + skipped * DtypeSize(dtype),
                                       made.values.data(), &made.scale}),
              IsOk());
  return made;
}

TEST(Quantise, TakesTheLargestTo448AndKeepsThreeBits) {
  for (const Dtype dtype : {Dtype::kF32, Dtype::kBf16, Dtype::kF16}) {
    for (const int64_t skipped : {0, 1}) {  // aligned and not
      std::vector<double> x = RandomValues<double>(30001, 1);
      x[20000] = -3.5;
      const Made made = Quantise(dtype, x, skipped);
      EXPECT_EQ(made.scale, 3.5f / 448);
      for (size_t i = 0; i < made.values.size(); ++i) {
        const double want = RoundTo(dtype, x[i + static_cast<size_t>(skipped)]);
        const double unit = std::max(std::fabs(want) / 16, made.scale / 1024.0);
        ASSERT_NEAR(ValueOf(made.values[i]) * made.scale, want, unit * 1.0001) << i;
      }
    }
  }
}

TEST(Quantise, ZerosAndWhatIsNotFinite) {
  const Made zeros = Quantise(Dtype::kF32, std::vector<double>(5, 0.0), 0);
  EXPECT_EQ(zeros.scale, 1);
  for (const uint8_t value : zeros.values) EXPECT_EQ(value, 0);
  const Made nan = Quantise(Dtype::kF32, {1, std::nan(""), -2}, 0);
  EXPECT_EQ(nan.scale, 2.0f / 448);
  EXPECT_EQ(ValueOf(nan.values[0]), 224);
  EXPECT_TRUE(std::isnan(ValueOf(nan.values[1])));
  const Made infinite = Quantise(Dtype::kF32, {1, INFINITY}, 0);
  EXPECT_EQ(infinite.values[0], 0);
  EXPECT_TRUE(std::isnan(ValueOf(infinite.values[1])));
  const Made none = Quantise(Dtype::kF32, {}, 0);
  EXPECT_EQ(none.scale, 1);
}

TEST(Quantise, SaysWhatItCannotDo) {
  const auto device = TestDevice();
  EXPECT_THAT(QuantiseToE4m3(*device, {.dtype = Dtype::kF64}),
              Fails(absl::StatusCode::kInvalidArgument, "no fp8 of f64"));
  const auto cpu = MakeCpuDevice({});
  ASSERT_THAT(cpu, IsOk());
  EXPECT_THAT(QuantiseToE4m3(**cpu, {}), Fails(absl::StatusCode::kUnimplemented, "device cpu"));
}

}  // namespace
}  // namespace basisbench
