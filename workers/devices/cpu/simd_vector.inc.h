// SPDX-License-Identifier: Apache-2.0
// A register of Bytes bytes of T, in GCC's vector extension. Included only by the simd_*.cc files.
// Everything here is a template on Bytes, so that code compiled for one instruction set never
// shares a symbol with another's; for the same reason nothing of the standard library is called.
#pragma once

#include <immintrin.h>

#include <cstdint>
#include <type_traits>

namespace basisbench::simd {

template <typename T, int Bytes>
struct Register {
  static constexpr int kLanes = Bytes / static_cast<int>(sizeof(T));
  using Index = std::conditional_t<sizeof(T) == 4, int32_t, int64_t>;
  typedef T Vector __attribute__((vector_size(Bytes)));
  typedef T Unaligned __attribute__((vector_size(Bytes), aligned(sizeof(T)), may_alias));
  typedef Index Indices __attribute__((vector_size(Bytes)));
  // Registers the compiler can hold in a butterfly without spilling.
  static constexpr int kGroup = Bytes == 64 ? 16 : 8;

  [[gnu::always_inline]] static Vector Load(const T* p) {
    return *reinterpret_cast<const Unaligned*>(p);
  }

  // Stream: around the cache; p must then be aligned to Bytes.
  template <bool Stream>
  [[gnu::always_inline]] static void Store(T* p, Vector v) {
    if constexpr (!Stream) {
      *reinterpret_cast<Unaligned*>(p) = v;
    } else if constexpr (Bytes == 64) {
      _mm512_stream_si512(reinterpret_cast<__m512i*>(p), reinterpret_cast<__m512i>(v));
    } else if constexpr (Bytes == 32) {
      _mm256_stream_si256(reinterpret_cast<__m256i*>(p), reinterpret_cast<__m256i>(v));
    } else {
      _mm_stream_si128(reinterpret_cast<__m128i*>(p), reinterpret_cast<__m128i>(v));
    }
  }
};

// Makes streamed stores visible before anything later.
template <int Bytes>
void Fence() {
  _mm_sfence();
}

template <int Bytes, typename T>
bool Aligned(const T* p) {
  return reinterpret_cast<uintptr_t>(p) % Bytes == 0;
}

}  // namespace basisbench::simd
