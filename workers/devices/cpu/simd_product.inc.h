// SPDX-License-Identifier: Apache-2.0
// y = alpha x w + beta y on strided rows, real or of complex numbers. Whole registers go through
// where elements follow each other, or every second one does, in either direction; other strides
// take the elements one by one.
#pragma once

#include "workers/devices/cpu/simd_kernels.h"
#include "workers/devices/cpu/simd_vector.inc.h"

namespace basisbench::simd {

template <typename T, int Bytes>
struct Products {
  using R = Register<T, Bytes>;
  using V = typename R::Vector;
  using Indices = typename R::Indices;
  static constexpr int kLanes = R::kLanes;

  // Elements p[0], p[Stride], ... of a whole register. With a stride of 2 one element more is read
  // than is used, behind the last one (before it, backwards).
  template <int Stride>
  [[gnu::always_inline]] static V Load(const T* p) {
    if constexpr (Stride == 1) return R::Load(p);
    Indices order;
    if constexpr (Stride == -1) {
      for (int i = 0; i < kLanes; ++i) order[i] = kLanes - 1 - i;
      return __builtin_shuffle(R::Load(p - (kLanes - 1)), order);
    }
    if constexpr (Stride == 2) {
      for (int i = 0; i < kLanes; ++i) order[i] = 2 * i;
      return __builtin_shuffle(R::Load(p), R::Load(p + kLanes), order);
    }
    if constexpr (Stride == -2) {
      for (int i = 0; i < kLanes; ++i) order[i] = 2 * kLanes - 1 - 2 * i;
      const T* first = p - (2 * kLanes - 1);
      return __builtin_shuffle(R::Load(first), R::Load(first + kLanes), order);
    }
  }

  template <int Stride>
  [[gnu::always_inline]] static void Store(T* p, V v) {
    if constexpr (Stride == 1) {
      R::template Store<false>(p, v);
    } else {
      static_assert(Stride == -1);
      Indices order;
      for (int i = 0; i < kLanes; ++i) order[i] = kLanes - 1 - i;
      R::template Store<false>(p - (kLanes - 1), __builtin_shuffle(v, order));
    }
  }

  // The elements of a row that fill whole registers; how many that were. W and Beta: whether there
  // are such terms; then w's elements follow each other.
  template <int XStride, int YStride, bool W, bool Beta>
  [[gnu::always_inline]] static int64_t Registers(const ProductTask<T>& task, const T* x,
                                                  const T* w, T* y) {
    constexpr int64_t kMore = XStride == 2 || XStride == -2 ? 1 : 0;
    int64_t j = 0;
    for (; j + kLanes + kMore <= task.cols; j += kLanes) {
      V v = task.alpha * Load<XStride>(x + j * XStride);
      if constexpr (W) v *= R::Load(w + j);
      if constexpr (Beta) v += task.beta * Load<YStride>(y + j * YStride);
      Store<YStride>(y + j * YStride, v);
    }
    return j;
  }

  template <int XStride, int YStride, bool W, bool Beta>
  static void Rows(const ProductTask<T>& task) {
    for (int64_t i = 0; i < task.rows; ++i) {
      const T* x = task.x + i * task.x_row;
      const T* w = W ? task.w + i * task.w_row : nullptr;
      T* y = task.y + i * task.y_row;
      const int64_t j = Registers<XStride, YStride, W, Beta>(task, x, w, y);
      Rest<XStride, YStride, W, Beta>(task, j, x, w, y);
    }
  }

  // The elements from `j` on. The strides of the task where they are 0 here.
  template <int XStride, int YStride, bool W, bool Beta>
  [[gnu::always_inline]] static void Rest(const ProductTask<T>& task, int64_t j, const T* x,
                                          const T* w, T* y) {
    const int64_t x_stride = XStride != 0 ? XStride : task.x_col;
    const int64_t y_stride = YStride != 0 ? YStride : task.y_col;
    const int64_t w_stride = XStride != 0 ? 1 : task.w_col;
    for (; j < task.cols; ++j) {
      T v = task.alpha * x[j * x_stride];
      if constexpr (W) v *= w[j * w_stride];
      if constexpr (Beta) v += task.beta * y[j * y_stride];
      y[j * y_stride] = v;
    }
  }

  template <bool W, bool Beta>
  static void AnyStride(const ProductTask<T>& task) {
    for (int64_t i = 0; i < task.rows; ++i) {
      Rest<0, 0, W, Beta>(task, 0, task.x + i * task.x_row, W ? task.w + i * task.w_row : nullptr,
                          task.y + i * task.y_row);
    }
  }

  template <int XStride, bool W, bool Beta>
  static void OfX(const ProductTask<T>& task) {
    task.y_col == 1 ? Rows<XStride, 1, W, Beta>(task) : Rows<XStride, -1, W, Beta>(task);
  }

  template <bool W, bool Beta>
  static void Real(const ProductTask<T>& task) {
    const bool fits = (task.y_col == 1 || task.y_col == -1) && (!W || task.w_col == 1);
    switch (fits ? task.x_col : 0) {
      case 1:
        return OfX<1, W, Beta>(task);
      case -1:
        return OfX<-1, W, Beta>(task);
      case 2:
        return OfX<2, W, Beta>(task);
      case -2:
        return OfX<-2, W, Beta>(task);
      default:
        return AnyStride<W, Beta>(task);
    }
  }

  // Complex numbers that follow each other: (a + bi)(c + di) = (a + bi) c + (-b + ai) d.
  template <bool Beta>
  static void Complex(const ProductTask<T>& task) {
    Indices real, imaginary, swapped;
    V signs;
    for (int i = 0; i < kLanes; ++i) {
      real[i] = i & ~1, imaginary[i] = i | 1, swapped[i] = i ^ 1;
      signs[i] = ((i & 1) == 0) == task.conjugate_w ? T(1) : T(-1);
    }
    const int64_t count = 2 * task.cols;
    const T sign = task.conjugate_w ? T(-1) : T(1);
    for (int64_t i = 0; i < task.rows; ++i) {
      const T* x = task.x + 2 * i * task.x_row;
      const T* w = task.w + 2 * i * task.w_row;
      T* y = task.y + 2 * i * task.y_row;
      int64_t j = 0;
      for (; j + kLanes <= count; j += kLanes) {
        const V a = task.alpha * R::Load(x + j), c = R::Load(w + j);
        V v = a * __builtin_shuffle(c, real) +
              __builtin_shuffle(a, swapped) * (signs * __builtin_shuffle(c, imaginary));
        if constexpr (Beta) v += task.beta * R::Load(y + j);
        R::template Store<false>(y + j, v);
      }
      for (; j < count; j += 2) {
        const T a = task.alpha * x[j], b = task.alpha * x[j + 1], c = w[j], d = sign * w[j + 1];
        T re = a * c - b * d, im = a * d + b * c;
        if constexpr (Beta) re += task.beta * y[j], im += task.beta * y[j + 1];
        y[j] = re, y[j + 1] = im;
      }
    }
  }

  static void Run(const ProductTask<T>& task) {
    const bool beta = task.beta != 0;
    if (task.complex) {
      beta ? Complex<true>(task) : Complex<false>(task);
    } else if (task.w == nullptr) {
      beta ? Real<false, true>(task) : Real<false, false>(task);
    } else {
      beta ? Real<true, true>(task) : Real<true, false>(task);
    }
  }
};

}  // namespace basisbench::simd
