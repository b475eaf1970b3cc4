// SPDX-License-Identifier: Apache-2.0
// The two halves bit by bit, for processors and kernels alike: bf16 is the upper half of an f32,
// f16 has 5 bits of exponent and 10 of fraction. To nearest, ties to even; NaN stays NaN.
#pragma once

#include <cstdint>

#include "workers/devices/host_device.h"

namespace basisbench {

BB_HOST_DEVICE constexpr bool IsNanBits(uint32_t f32) { return (f32 & 0x7fffffff) > 0x7f800000; }

BB_HOST_DEVICE constexpr uint16_t Bf16FromBits(uint32_t f32) {
  if (IsNanBits(f32)) return 0x7fc0;
  return static_cast<uint16_t>((f32 + 0x7fff + ((f32 >> 16) & 1)) >> 16);
}

BB_HOST_DEVICE constexpr uint32_t BitsFromBf16(uint16_t bits) { return uint32_t{bits} << 16; }

// A magnitude, as the bits of an f32, in a smaller format with that bias and so many bits of
// fraction; it does not overflow.
template <uint32_t kBias, uint32_t kFraction>
BB_HOST_DEVICE constexpr uint32_t RoundedSize(uint32_t size) {
  constexpr uint32_t kLess = 23 - kFraction, kSmallest = 127 - kBias + 1;  // normal exponent
  if (size >= kSmallest << 23) {
    const uint32_t below_half = (1u << (kLess - 1)) - 1;
    return ((size + below_half + ((size >> kLess) & 1)) >> kLess) - ((127 - kBias) << kFraction);
  }
  // Subnormal: the 24-bit significand in units of the smallest, what is shifted out rounded.
  const uint32_t shift = kSmallest + kLess - (size >> 23);
  if (shift > 25) return 0;
  const uint32_t significand = (size & 0x7fffff) | 0x800000;
  const uint32_t whole = significand >> shift, rest = significand & ((1u << shift) - 1);
  const uint32_t half = 1u << (shift - 1);
  const bool up = rest > half || (rest == half && (whole & 1) != 0);
  return whole + (up ? 1 : 0);
}

BB_HOST_DEVICE constexpr uint16_t F16FromBits(uint32_t f32) {
  const uint32_t sign = f32 >> 16 & 0x8000, size = f32 & 0x7fffffff;
  if (IsNanBits(f32)) return 0x7e00;
  if (size >= 0x477ff000) return static_cast<uint16_t>(sign | 0x7c00);  // 65520 and more
  return static_cast<uint16_t>(sign | RoundedSize<15, 10>(size));
}

BB_HOST_DEVICE constexpr uint32_t BitsFromF16(uint16_t bits) {
  const uint32_t sign = uint32_t{bits & 0x8000u} << 16;
  uint32_t exponent = bits >> 10 & 31, fraction = bits & 1023;
  if (exponent == 31) return fraction != 0 ? 0x7fc00000 : sign | 0x7f800000;
  if (exponent == 0 && fraction == 0) return sign;
  if (exponent == 0) {  // subnormal: normal in f32
    exponent = 1;
    while ((fraction & 1024) == 0) {
      fraction <<= 1;
      --exponent;
    }
    fraction &= 1023;
  }
  return sign | (exponent + (127 - 15)) << 23 | fraction << 13;
}

}  // namespace basisbench
