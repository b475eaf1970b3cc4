// SPDX-License-Identifier: Apache-2.0
// Elements that one thread takes together: 16 bytes in one access where memory allows, else one.
#pragma once

#include <cstdint>

#include "workers/devices/host_device.h"

namespace basisbench::kernels {

// Interleaved pairs, as device.h has them, at any place a real may have.
template <typename T>
struct Complex {
  T re, im;
};
template <typename T>
BB_HOST_DEVICE Complex<T> operator+(Complex<T> a, Complex<T> b) {
  return {a.re + b.re, a.im + b.im};
}
template <typename T>
BB_HOST_DEVICE Complex<T> operator*(T a, Complex<T> b) {
  return {a * b.re, a * b.im};
}

// a b, or a conj(b).
template <typename T>
BB_HOST_DEVICE T Times(T a, T b, bool) {
  return a * b;
}
template <typename T>
BB_HOST_DEVICE Complex<T> Times(Complex<T> a, Complex<T> b, bool conjugate) {
  const T im = conjugate ? -b.im : b.im;
  return {a.re * b.re - a.im * im, a.re * im + a.im * b.re};
}

template <typename E, int W>
struct alignas(W * sizeof(E)) Lanes {
  E v[W];
};

inline constexpr int kAccessBytes = 16;

template <typename E>
inline constexpr int kWide = kAccessBytes / static_cast<int>(sizeof(E));

// Elements first, ..., first + W - 1 of a row. For W > 1 the stride is 1, and the place aligned, or
// 0: one element for all.
template <int W, typename E>
BB_HOST_DEVICE Lanes<E, W> Load(const E* row, int64_t stride, int64_t first) {
  if constexpr (W == 1) {
    return {{row[first * stride]}};
  } else {
    if (stride == 1) return *reinterpret_cast<const Lanes<E, W>*>(row + first);
    Lanes<E, W> same;
    for (int k = 0; k < W; ++k) same.v[k] = row[0];
    return same;
  }
}

template <int W, typename E>
BB_HOST_DEVICE void Store(Lanes<E, W> values, E* row, int64_t stride, int64_t first) {
  if constexpr (W == 1) {
    row[first * stride] = values.v[0];
  } else {
    *reinterpret_cast<Lanes<E, W>*>(row + first) = values;
  }
}

// A strided matrix, for the choice of W.
struct Extent {
  const void* data = nullptr;
  int64_t row_stride = 0, col_stride = 1;
};

// Whether every row of `count` operands can be taken 16 bytes at a time.
template <typename E, int kCount>
bool IsWide(int64_t rows, const Extent (&extents)[kCount]) {
  const auto size = static_cast<int64_t>(sizeof(E));
  for (const Extent& one : extents) {
    if (one.data == nullptr || one.col_stride == 0) continue;
    if (one.col_stride != 1) return false;
    if (reinterpret_cast<uintptr_t>(one.data) % kAccessBytes != 0) return false;
    if (rows > 1 && one.row_stride * size % kAccessBytes != 0) return false;
  }
  return true;
}

}  // namespace basisbench::kernels
