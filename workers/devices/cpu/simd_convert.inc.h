// SPDX-License-Identifier: Apache-2.0
// Halves to f32 and back. Included only by the simd_*.cc files. bf16 is the upper half of an f32, a
// matter of integers that the compiler vectorises; f16 has instructions from AVX2's machines on,
// and no kernel before (null: the caller converts one by one).
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace basisbench::simd {

template <int Bytes>
struct Conversion {
  static void WidenBf16(int64_t count, const uint16_t* x, float* y) {
    auto* bits = reinterpret_cast<Bits*>(y);
    for (int64_t i = 0; i < count; ++i) bits[i] = static_cast<uint32_t>(x[i]) << 16;
  }

  // To nearest, ties to even; NaN stays NaN.
  static void NarrowBf16(int64_t count, const float* x, uint16_t* y) {
    const auto* bits = reinterpret_cast<const Bits*>(x);
    for (int64_t i = 0; i < count; ++i) {
      const uint32_t b = bits[i];
      const uint32_t rounded = (b + 0x7fff + ((b >> 16) & 1)) >> 16;
      y[i] = static_cast<uint16_t>((b & 0x7fffffff) > 0x7f800000 ? 0x7fc0 : rounded);
    }
  }

#ifdef __F16C__
  static void WidenF16(int64_t count, const uint16_t* x, float* y) {
    int64_t i = 0;
    for (; i + 8 <= count; i += 8)
      _mm256_storeu_ps(y + i,
                       _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x + i))));
    for (; i < count; ++i) y[i] = _cvtsh_ss(x[i]);
  }
  static void NarrowF16(int64_t count, const float* x, uint16_t* y) {
    int64_t i = 0;
    for (; i + 8 <= count; i += 8)
      _mm_storeu_si128(reinterpret_cast<__m128i*>(y + i),
                       _mm256_cvtps_ph(_mm256_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT));
    for (; i < count; ++i) y[i] = _cvtss_sh(x[i], _MM_FROUND_TO_NEAREST_INT);
  }
#else
  static constexpr void (*WidenF16)(int64_t, const uint16_t*, float*) = nullptr;
  static constexpr void (*NarrowF16)(int64_t, const float*, uint16_t*) = nullptr;
#endif

 private:
  typedef uint32_t Bits __attribute__((may_alias));
};

}  // namespace basisbench::simd
