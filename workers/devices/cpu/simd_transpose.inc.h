// SPDX-License-Identifier: Apache-2.0
// Transposition in square blocks of registers: log2(lanes) rounds of interleaving pairs, a perfect
// shuffle each. Blocks are taken along strips of as many rows as a line of the output has elements,
// so that each line is written once and there are no more rows at a time than the processor fetches
// ahead.
#pragma once

#include "workers/devices/cpu/simd_kernels.h"
#include "workers/devices/cpu/simd_vector.inc.h"

namespace basisbench::simd {

template <typename T, int Bytes>
struct Transposition {
  using R = Register<T, Bytes>;
  using V = typename R::Vector;
  static constexpr int kLanes = R::kLanes;
  // A line of the output.
  static constexpr int64_t kRows = 64 / static_cast<int64_t>(sizeof(T));

  [[gnu::always_inline]] static void Interleave(const V* in, V* out) {
    typename R::Indices low, high;
    for (int i = 0; i < kLanes; ++i) {
      low[i] = i / 2 + (i % 2) * kLanes;
      high[i] = low[i] + kLanes / 2;
    }
#pragma GCC unroll 16
    for (int i = 0; i < kLanes / 2; ++i) {
      out[2 * i] = __builtin_shuffle(in[i], in[i + kLanes / 2], low);
      out[2 * i + 1] = __builtin_shuffle(in[i], in[i + kLanes / 2], high);
    }
  }

  template <bool Stream>
  static void Square(const T* from, int64_t from_stride, T* to, int64_t to_stride) {
    V a[kLanes], b[kLanes];
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; ++i) a[i] = R::Load(from + i * from_stride);
#pragma GCC unroll 4
    for (int round = 1; round < kLanes; round *= 2) {
      Interleave(a, b);
#pragma GCC unroll 16
      for (int i = 0; i < kLanes; ++i) a[i] = b[i];
    }
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; ++i) R::template Store<Stream>(to + i * to_stride, a[i]);
  }

  static void Edge(const TransposeTask<T>& task, int64_t row0, int64_t row1, int64_t col0,
                   int64_t col1) {
    for (int64_t j = col0; j < col1; ++j) {
      for (int64_t i = row0; i < row1; ++i) {
        task.to[j * task.to_stride + i] = task.from[i * task.from_stride + j];
      }
    }
  }

  template <bool Stream>
  static void Tile(const TransposeTask<T>& task, int64_t row0, int64_t row1, int64_t col0,
                   int64_t col1) {
    const int64_t rows = row0 + (row1 - row0) / kLanes * kLanes;
    const int64_t cols = col0 + (col1 - col0) / kLanes * kLanes;
    for (int64_t j = col0; j < cols; j += kLanes) {
      for (int64_t i = row0; i < rows; i += kLanes) {
        Square<Stream>(task.from + i * task.from_stride + j, task.from_stride,
                       task.to + j * task.to_stride + i, task.to_stride);
      }
    }
    Edge(task, rows, row1, col0, col1);
    Edge(task, row0, rows, cols, col1);
  }

  template <bool Stream>
  static void Tiles(const TransposeTask<T>& task) {
    for (int64_t i = 0; i < task.rows; i += kRows) {
      Tile<Stream>(task, i, i + kRows < task.rows ? i + kRows : task.rows, 0, task.cols);
    }
  }

  static void Run(const TransposeTask<T>& task) {
    // Only whole cache lines are worth writing around the cache.
    constexpr int64_t kLine = 64;
    if constexpr (Bytes == kLine) {
      const bool aligned =
          Aligned<kLine>(task.to) && task.to_stride * static_cast<int64_t>(sizeof(T)) % kLine == 0;
      if (task.stream && aligned) {
        Tiles<true>(task);
        Fence<Bytes>();
        return;
      }
    }
    Tiles<false>(task);
  }
};

}  // namespace basisbench::simd
