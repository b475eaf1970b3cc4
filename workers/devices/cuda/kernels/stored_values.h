// SPDX-License-Identifier: Apache-2.0
// Elements of every type as kernels read them: what lies in memory, and its value.
#pragma once

#include <cstdint>

#include "workers/devices/halves.h"
#include "workers/devices/host_device.h"

namespace basisbench::kernels {

BB_HOST_DEVICE inline uint32_t BitsOf(float value) {
  union {
    float value;
    uint32_t bits;
  } same = {value};
  return same.bits;
}

BB_HOST_DEVICE inline float ValueOfBits(uint32_t f32) {
  union {
    uint32_t bits;
    float value;
  } same = {f32};
  return same.value;
}

struct FromF32 {
  using Stored = float;
  BB_HOST_DEVICE static float Value(float x) { return x; }
};
struct FromF64 {
  using Stored = double;
  BB_HOST_DEVICE static double Value(double x) { return x; }
};
struct FromBf16 {
  using Stored = uint16_t;
  BB_HOST_DEVICE static float Value(uint16_t x) { return ValueOfBits(BitsFromBf16(x)); }
};
struct FromF16 {
  using Stored = uint16_t;
  BB_HOST_DEVICE static float Value(uint16_t x) { return ValueOfBits(BitsFromF16(x)); }
};

}  // namespace basisbench::kernels
