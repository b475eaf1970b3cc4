// SPDX-License-Identifier: Apache-2.0
// Elementwise loops: as fast as memory delivers when the loads and stores are whole registers.
#pragma once

#include "workers/devices/cpu/simd_vector.inc.h"

namespace basisbench::simd {

template <typename T, int Bytes>
struct Pointwise {
  using R = Register<T, Bytes>;
  using V = typename R::Vector;
  static constexpr int kLanes = R::kLanes;

  // y[i] = f(i-th registers of x and z); g does the same for single elements.
  template <bool Stream, typename VectorFunction, typename ScalarFunction>
  [[gnu::always_inline]] static void Loop(int64_t count, const T* x, const T* z, T* y,
                                          VectorFunction f, ScalarFunction g) {
    int64_t i = 0;
    if (Stream) {
      for (; i < count && !Aligned<Bytes>(y + i); ++i) y[i] = g(x[i], z[i]);
    }
    for (; i + 4 * kLanes <= count; i += 4 * kLanes) {
      V v[4];
#pragma GCC unroll 4
      for (int j = 0; j < 4; ++j) {
        v[j] = f(R::Load(x + i + j * kLanes), R::Load(z + i + j * kLanes));
      }
#pragma GCC unroll 4
      for (int j = 0; j < 4; ++j) R::template Store<Stream>(y + i + j * kLanes, v[j]);
    }
    for (; i + kLanes <= count; i += kLanes)
      R::template Store<Stream>(y + i, f(R::Load(x + i), R::Load(z + i)));
    for (; i < count; ++i) y[i] = g(x[i], z[i]);
    if (Stream) Fence<Bytes>();
  }

  static void Multiply(int64_t count, const T* x, const T* w, T* y, bool stream) {
    const auto f = [](auto a, auto b) { return a * b; };
    if (stream) {
      Loop<true>(count, x, w, y, f, f);
    } else {
      Loop<false>(count, x, w, y, f, f);
    }
  }

  static void Combine(int64_t count, const T* x, T scale, const T* z, T z_scale, T* y,
                      bool stream) {
    const auto f = [scale, z_scale](auto a, auto b) { return a * scale + b * z_scale; };
    if (stream) {
      Loop<true>(count, x, z, y, f, f);
    } else {
      Loop<false>(count, x, z, y, f, f);
    }
  }

  // The kLanes elements that end at p, the last first.
  [[gnu::always_inline]] static V Backwards(const T* p) {
    typename R::Indices order;
    for (int i = 0; i < kLanes; ++i) order[i] = kLanes - 1 - i;
    return __builtin_shuffle(R::Load(p - (kLanes - 1)), order);
  }

  static void AddReversed(int64_t count, const T* x, const T* z_first, T scale, T* y) {
    int64_t i = 0;
    for (; i + kLanes <= count; i += kLanes) {
      R::template Store<false>(y + i, scale * (R::Load(x + i) + Backwards(z_first - i)));
    }
    for (; i < count; ++i) y[i] = scale * (x[i] + z_first[-i]);
  }

  static void Reverse(int64_t count, const T* x_first, T* y) {
    int64_t i = 0;
    for (; i + kLanes <= count; i += kLanes) {
      R::template Store<false>(y + i, Backwards(x_first - i));
    }
    for (; i < count; ++i) y[i] = x_first[-i];
  }
};

}  // namespace basisbench::simd
