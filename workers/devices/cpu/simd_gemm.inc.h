// SPDX-License-Identifier: Apache-2.0
// Product of a small matrix with a wide one, straight from where the operands lie. Libraries copy
// both operands into an order of their own first, which pays off when each element is then used
// hundreds of times; in batches of products with a few dozen rows it takes as long as the products.
// A tile of C stays in registers along the whole of k.
#pragma once

#include "workers/devices/cpu/simd_kernels.h"
#include "workers/devices/cpu/simd_vector.inc.h"

namespace basisbench::simd {

template <typename T, int Bytes>
struct SmallGemm {
  using R = Register<T, Bytes>;
  using V = typename R::Vector;
  static constexpr int kLanes = R::kLanes;
  // Accumulators fill the register file but for a row of B and one element of A.
  static constexpr int kRows = Bytes == 64 ? 8 : 4;
  static constexpr int kCols = 3;

  template <int Rows, int Cols>
  static void Tile(const GemmTask<T>& task, const T* a, const T* b, T* c) {
    V sum[Rows][Cols] = {};
    for (int64_t k = 0; k < task.k; ++k) {
      V row[Cols];
#pragma GCC unroll 4
      for (int j = 0; j < Cols; ++j) row[j] = R::Load(b + k * task.ldb + j * kLanes);
#pragma GCC unroll 8
      for (int i = 0; i < Rows; ++i) {
        const T element = a[i * task.lda + k];
#pragma GCC unroll 4
        for (int j = 0; j < Cols; ++j) sum[i][j] += element * row[j];
      }
    }
#pragma GCC unroll 8
    for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 4
      for (int j = 0; j < Cols; ++j) {
        T* at = c + i * task.ldc + j * kLanes;
        V value = task.alpha * sum[i][j];
        if (task.beta != 0) value += task.beta * R::Load(at);
        R::template Store<false>(at, value);
      }
    }
  }

  // The columns that do not fill a register.
  static void Rest(const GemmTask<T>& task, const T* b, T* c, int64_t cols) {
    for (int64_t i = 0; i < task.m; ++i) {
      for (int64_t j = 0; j < cols; ++j) {
        T sum = 0;
        for (int64_t k = 0; k < task.k; ++k) sum += task.a[i * task.lda + k] * b[k * task.ldb + j];
        T* at = c + i * task.ldc + j;
        *at = task.alpha * sum + (task.beta == 0 ? T(0) : task.beta * *at);
      }
    }
  }

  // All rows of Cols registers of columns.
  template <int Cols>
  static void Strip(const GemmTask<T>& task, const T* b, T* c) {
    int64_t i = 0;
    const auto next = [&](auto tile, int64_t rows) {
      tile(task, task.a + i * task.lda, b, c + i * task.ldc);
      i += rows;
    };
    while (i + kRows <= task.m) next(Tile<kRows, Cols>, kRows);
    if (i + 4 <= task.m) next(Tile<4, Cols>, 4);
    if (i + 2 <= task.m) next(Tile<2, Cols>, 2);
    if (i < task.m) next(Tile<1, Cols>, 1);
  }

  static void Run(const GemmTask<T>& task) {
    int64_t j = 0;
    for (; j + kCols * kLanes <= task.n; j += kCols * kLanes) {
      Strip<kCols>(task, task.b + j, task.c + j);
    }
    if (j + 2 * kLanes <= task.n) {
      Strip<2>(task, task.b + j, task.c + j);
      j += 2 * kLanes;
    }
    if (j + kLanes <= task.n) {
      Strip<1>(task, task.b + j, task.c + j);
      j += kLanes;
    }
    if (j < task.n) Rest(task, task.b + j, task.c + j, task.n - j);
  }
};

}  // namespace basisbench::simd
