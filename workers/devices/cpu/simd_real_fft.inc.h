// SPDX-License-Identifier: Apache-2.0
// The step between the spectrum X of 2m reals and that of the m complex numbers they are in pairs:
// of elements k and m - k, with e = x_k + conj(x_(m-k)) and o = x_k - conj(x_(m-k)),
//   y_k = half e + turns_k o,  y_(m-k) = conj(half e - turns_k o).
#pragma once

#include "workers/devices/cpu/simd_kernels.h"
#include "workers/devices/cpu/simd_vector.inc.h"

namespace basisbench::simd {

template <typename T, int Bytes>
struct RealFft {
  using R = Register<T, Bytes>;
  using V = typename R::Vector;
  using Indices = typename R::Indices;
  static constexpr int kLanes = R::kLanes, kNumbers = kLanes / 2;

  static void Pair(const T* turn, T half, const T* low, const T* high, T* y_low, T* y_high) {
    const T e_re = low[0] + high[0], e_im = low[1] - high[1];
    const T o_re = low[0] - high[0], o_im = low[1] + high[1];
    const T t_re = turn[0] * o_re - turn[1] * o_im, t_im = turn[0] * o_im + turn[1] * o_re;
    y_high[0] = half * e_re - t_re, y_high[1] = t_im - half * e_im;
    y_low[0] = half * e_re + t_re, y_low[1] = half * e_im + t_im;
  }

  // Elements from 1 to m - 1.
  static void Run(int64_t m, T half, const T* turns, const T* x, T* y) {
    Indices swapped, real, imaginary, backwards;
    V conjugate, product;
    for (int i = 0; i < kLanes; ++i) {
      swapped[i] = i ^ 1, real[i] = i & ~1, imaginary[i] = i | 1;
      backwards[i] = (kLanes - 2 - (i & ~1)) + (i & 1);
      conjugate[i] = (i & 1) == 0 ? T(1) : T(-1);
      product[i] = -conjugate[i];
    }
    int64_t k = 1;
    for (; 2 * (k + kNumbers) <= m; k += kNumbers) {
      const int64_t low = 2 * k, high = 2 * (m - k - kNumbers + 1);
      const V a = R::Load(x + low), t = R::Load(turns + low);
      const V b = conjugate * __builtin_shuffle(R::Load(x + high), backwards);
      const V e = half * (a + b), o = a - b;
      const V turned = __builtin_shuffle(t, real) * o +
                       product * __builtin_shuffle(t, imaginary) * __builtin_shuffle(o, swapped);
      R::template Store<false>(y + low, e + turned);
      R::template Store<false>(y + high, __builtin_shuffle(conjugate * (e - turned), backwards));
    }
    for (; 2 * k <= m; ++k) {
      const int64_t low = 2 * k, high = 2 * (m - k);
      Pair(turns + low, half, x + low, x + high, y + low, y + high);
    }
  }
};

}  // namespace basisbench::simd
