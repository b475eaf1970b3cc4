// SPDX-License-Identifier: Apache-2.0
// Bits of e4m3, as halves.h has those of the halves: to nearest, ties to even; what is too large
// becomes the largest, 448.
#pragma once

#include <cstdint>

#include "workers/devices/halves.h"

namespace basisbench::kernels {

inline constexpr float kLargestE4m3 = 448;

BB_HOST_DEVICE constexpr uint8_t E4m3FromBits(uint32_t f32) {
  const uint32_t sign = f32 >> 24 & 0x80, size = f32 & 0x7fffffff;
  if (IsNanBits(f32)) return static_cast<uint8_t>(sign | 0x7f);
  if (size >= 0x43e00000) return static_cast<uint8_t>(sign | 0x7e);  // 448 and more
  return static_cast<uint8_t>(sign | RoundedSize<7, 3>(size));
}

}  // namespace basisbench::kernels
