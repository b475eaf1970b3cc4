// SPDX-License-Identifier: Apache-2.0
// The halves: rounding against the definition (the nearest representable value, ties to even),
// every bit pattern there and back, and the device's conversions against the scalar ones.
#include <bit>
#include <cmath>

#include "tests/unit/workers/devices/device_test_support.h"
#include "workers/devices/cpu/simd_kernels.h"

namespace basisbench {
namespace {

struct Half {
  Dtype dtype;
  uint16_t (*from_float)(float);
  float (*to_float)(uint16_t);
};
constexpr Half kHalves[] = {{Dtype::kBf16, Bf16FromFloat, FloatFromBf16},
                            {Dtype::kF16, F16FromFloat, FloatFromF16}};

TEST(Halves, EveryPatternComesBack) {
  for (const Half& half : kHalves) {
    for (uint32_t bits = 0; bits < 0x10000; ++bits) {
      const float value = half.to_float(static_cast<uint16_t>(bits));
      if (std::isnan(value)) {
        EXPECT_TRUE(std::isnan(half.to_float(half.from_float(value))));
      } else {
        ASSERT_EQ(half.from_float(value), bits) << DtypeName(half.dtype) << " " << value;
      }
    }
  }
}

// The two neighbours of a value between representable ones, and their middle.
TEST(Halves, RoundToNearestAndTiesToEven) {
  for (const Half& half : kHalves) {
    for (uint32_t bits = 1; bits < 0x7bff; bits += 7) {
      const float low = half.to_float(static_cast<uint16_t>(bits));
      const float high = half.to_float(static_cast<uint16_t>(bits + 1));
      if (!std::isfinite(high)) continue;
      const float middle = low + (high - low) / 2;
      const uint32_t even = bits % 2 == 0 ? bits : bits + 1;
      EXPECT_EQ(half.from_float(middle), even);
      EXPECT_EQ(half.from_float(std::nextafter(middle, 0.0f)), bits);
      EXPECT_EQ(half.from_float(std::nextafter(middle, high)), bits + 1);
      EXPECT_EQ(half.from_float(-middle), even | 0x8000);
    }
    const float largest = half.dtype == Dtype::kF16 ? 65504.0f : half.to_float(0x7f7f);
    EXPECT_EQ(RoundTo(half.dtype, largest), largest);
    EXPECT_TRUE(std::isinf(RoundTo(half.dtype, 3.4028235e38)));
    EXPECT_TRUE(std::isnan(RoundTo(half.dtype, std::nan(""))));
    EXPECT_TRUE(std::signbit(RoundTo(half.dtype, -0.0)));
  }
  EXPECT_EQ(RoundTo(Dtype::kF16, 65519.0), 65504.0);
  EXPECT_TRUE(std::isinf(RoundTo(Dtype::kF16, 65520.0)));
}

// The unit roundoff bounds the relative error, and something comes close to it.
TEST(Halves, UnitRoundoffIsSharp) {
  for (const Half& half : kHalves) {
    double worst = 0;
    for (float value = 1; value < 2; value += 0x1p-14f)
      worst = std::max(worst, std::fabs(RoundTo(half.dtype, value) - value) / value);
    EXPECT_LE(worst, UnitRoundoff(half.dtype));
    EXPECT_GT(worst, 0.95 * UnitRoundoff(half.dtype) / (1 + UnitRoundoff(half.dtype)));
  }
}

TEST(Halves, EveryKernelConvertsAsTheScalarsDo) {
  std::vector<float> values;
  for (uint32_t bits = 0; bits < 0xffff0000; bits += 0x10433) {
    const auto value = std::bit_cast<float>(bits);
    if (!std::isnan(value)) values.push_back(value);
  }
  const auto count = static_cast<int64_t>(values.size());
  for (const SimdKernels* kernels : UsableKernels()) {
    std::vector<uint16_t> bits(values.size());
    std::vector<float> back(values.size());
    kernels->convert.narrow_bf16(count, values.data(), bits.data());
    kernels->convert.widen_bf16(count, bits.data(), back.data());
    for (int64_t i = 0; i < count; ++i) {
      ASSERT_EQ(bits[i], Bf16FromFloat(values[i])) << kernels->name << " " << values[i];
      ASSERT_EQ(std::bit_cast<uint32_t>(back[i]), std::bit_cast<uint32_t>(FloatFromBf16(bits[i])));
    }
    if (kernels->convert.narrow_f16 == nullptr) continue;
    kernels->convert.narrow_f16(count, values.data(), bits.data());
    kernels->convert.widen_f16(count, bits.data(), back.data());
    for (int64_t i = 0; i < count; ++i) {
      ASSERT_EQ(bits[i], F16FromFloat(values[i])) << kernels->name << " " << values[i];
      ASSERT_EQ(back[i], FloatFromF16(bits[i])) << kernels->name;
    }
  }
}

TEST(Convert, KeepsToItsRowsAndRefusesWhatItCannotDo) {
  const std::vector<float> x = {1, 2, 3, 4, 5, 6, 7, 8};
  for (const Half& half : kHalves) {
    std::vector<uint16_t> y(8, 9);
    ConvertArgs args{.rows = 2, .cols = 3};
    args.from = x.data(), args.from_row_stride = 4;
    args.to_dtype = half.dtype, args.to = y.data(), args.to_row_stride = 4;
    ASSERT_TRUE(TestDevice()->Convert(args).ok());
    for (size_t i = 0; i < y.size(); ++i)
      EXPECT_EQ(y[i], i % 4 == 3 ? 9 : half.from_float(x[i])) << i;
  }
  EXPECT_FALSE(TestDevice()->Convert({.from_dtype = Dtype::kF64}).ok());
  EXPECT_FALSE(TestDevice()->Convert({.rows = -1, .to_dtype = Dtype::kF16}).ok());
}

}  // namespace
}  // namespace basisbench
