// SPDX-License-Identifier: Apache-2.0
// Stages of 2 x 2 blocks on vectors that lie side by side: a register holds one element of several
// vectors, and a block is four numbers that go to all of its lanes. Up to three stages whose
// strides double or halve are done on eight elements in registers, so a row of log2(n) stages is a
// third as many passes over the vectors.
#pragma once

#include "workers/devices/cpu/simd_kernels.h"
#include "workers/devices/cpu/simd_vector.inc.h"

namespace basisbench::simd {

// A register of one lane, for the vectors that do not fill a wider one. Bytes keeps the symbols of
// instruction sets apart.
template <typename T, int Bytes>
struct OneLane {
  using Vector = T;
  static constexpr int kLanes = 1;
  [[gnu::always_inline]] static Vector Load(const T* p) { return *p; }
  template <bool Stream>
  [[gnu::always_inline]] static void Store(T* p, Vector v) {
    *p = v;
  }
};

template <typename T, int Bytes>
struct Stages {
  using Wide = Register<T, Bytes>;
  using Narrow = OneLane<T, Bytes>;

  // The first of `Levels` stages from a stride of `base` up, or the last of them down, and Cols
  // registers of vectors.
  template <int Levels, bool Up, class R, int Cols>
  [[gnu::always_inline]] static void Elements(const StagesTask<T>& task, const T* blocks,
                                              int64_t base, int64_t first, int64_t within,
                                              const T* from, T* to) {
    using V = typename R::Vector;
    constexpr int kCount = 1 << Levels;
    V v[kCount][Cols];
    const int64_t at = (first + within) * task.cols, step = base * task.cols;
#pragma GCC unroll 8
    for (int j = 0; j < kCount; ++j) {
#pragma GCC unroll 4
      for (int c = 0; c < Cols; ++c) v[j][c] = R::Load(from + at + j * step + c * R::kLanes);
    }
#pragma GCC unroll 4
    for (int done = 0; done < Levels; ++done) {
      const int level = Up ? done : Levels - 1 - done;
      const int half = 1 << level;
      const T* stage = blocks + 2 * done * task.n + 2 * first + 4 * within;
#pragma GCC unroll 8
      for (int j = 0; j < kCount; ++j) {
        if ((j & half) != 0) continue;
        const int64_t pair = ((j >> (level + 1)) * half + (j & (half - 1))) * base;
        const T* block = stage + 4 * pair;
        const T t00 = block[0], t01 = block[1], t10 = block[2], t11 = block[3];
#pragma GCC unroll 4
        for (int c = 0; c < Cols; ++c) {
          const V a = v[j][c], b = v[j + half][c];
          v[j][c] = t00 * a + t01 * b;
          v[j + half][c] = t10 * a + t11 * b;
        }
      }
    }
#pragma GCC unroll 8
    for (int j = 0; j < kCount; ++j) {
#pragma GCC unroll 4
      for (int c = 0; c < Cols; ++c)
        R::template Store<false>(to + at + j * step + c * R::kLanes, v[j][c]);
    }
  }

  template <int Levels, bool Up>
  static void Pass(const StagesTask<T>& task, const T* blocks, int64_t base, const T* from, T* to) {
    for (int64_t first = 0; first < task.n; first += base << Levels) {
      for (int64_t i = 0; i < base; ++i) {
        int64_t j = 0;
        for (; j + 2 * Wide::kLanes <= task.cols; j += 2 * Wide::kLanes)
          Elements<Levels, Up, Wide, 2>(task, blocks, base, first, i, from + j, to + j);
        for (; j + Wide::kLanes <= task.cols; j += Wide::kLanes)
          Elements<Levels, Up, Wide, 1>(task, blocks, base, first, i, from + j, to + j);
        for (; j < task.cols; ++j)
          Elements<Levels, Up, Narrow, 1>(task, blocks, base, first, i, from + j, to + j);
      }
    }
  }

  // How many stages from `stage` on double (up) or halve the stride, at most three.
  static int RunLength(const StagesTask<T>& task, int64_t stage, bool up) {
    int levels = 1;
    while (levels < 3 && stage + levels < task.stages) {
      const int64_t last = task.strides[stage + levels - 1], next = task.strides[stage + levels];
      if (up ? next != 2 * last : 2 * next != last) break;
      ++levels;
    }
    return levels;
  }

  static void Run(const StagesTask<T>& task) {
    const T* from = task.x;
    int64_t stage = 0;
    while (stage < task.stages) {
      const int up = task.between == nullptr ? RunLength(task, stage, true) : 1;
      const int down = task.between == nullptr ? RunLength(task, stage, false) : 1;
      const int levels = up > down ? up : down;
      const T* blocks = task.blocks + 2 * stage * task.n;
      const int64_t base = task.strides[stage + (up > down ? 0 : levels - 1)];
      const bool last = stage + levels == task.stages;
      T* to = task.between == nullptr || last ? task.y : task.between + stage * task.n * task.cols;
      switch (levels * 2 + (up > down ? 1 : 0)) {
        case 2:
          Pass<1, false>(task, blocks, base, from, to);
          break;
        case 4:
          Pass<2, false>(task, blocks, base, from, to);
          break;
        case 5:
          Pass<2, true>(task, blocks, base, from, to);
          break;
        case 6:
          Pass<3, false>(task, blocks, base, from, to);
          break;
        default:
          Pass<3, true>(task, blocks, base, from, to);
      }
      from = to;
      stage += levels;
    }
  }

  // Sum of the lanes.
  static T Sum(T v) { return v; }
  static T Sum(typename Wide::Vector v) {
    T sum = 0;
    for (int half = Wide::kLanes / 2; half > 0; half /= 2) {
      typename Wide::Indices other;
      for (int i = 0; i < Wide::kLanes; ++i) other[i] = i ^ half;
      v += __builtin_shuffle(v, other);
    }
    sum = v[0];
    return sum;
  }

  // One pair, columns from `j` on in steps of a register: dx, and the sums over the columns.
  template <class R>
  [[gnu::always_inline]] static int64_t Pair(const StageGradientTask<T>& task, const T* block,
                                             int64_t a, int64_t b, int64_t j, T* sums) {
    using V = typename R::Vector;
    V s00{}, s01{}, s10{}, s11{};
    const T t00 = block[0], t01 = block[1], t10 = block[2], t11 = block[3];
    for (; j + R::kLanes <= task.cols; j += R::kLanes) {
      const V xa = R::Load(task.x + a + j), xb = R::Load(task.x + b + j);
      const V da = R::Load(task.dy + a + j), db = R::Load(task.dy + b + j);
      s00 += da * xa;
      s01 += da * xb;
      s10 += db * xa;
      s11 += db * xb;
      R::template Store<false>(task.dx + a + j, t00 * da + t10 * db);
      R::template Store<false>(task.dx + b + j, t01 * da + t11 * db);
    }
    sums[0] += Sum(s00);
    sums[1] += Sum(s01);
    sums[2] += Sum(s10);
    sums[3] += Sum(s11);
    return j;
  }

  static void Gradient(const StageGradientTask<T>& task) {
    for (int64_t first = 0; first < task.n; first += 2 * task.stride) {
      for (int64_t i = 0; i < task.stride; ++i) {
        const int64_t at = 4 * (first / 2 + i);
        const int64_t a = (first + i) * task.cols, b = a + task.stride * task.cols;
        T sums[4] = {};
        const int64_t rest = Pair<Wide>(task, task.blocks + at, a, b, 0, sums);
        Pair<Narrow>(task, task.blocks + at, a, b, rest, sums);
        for (int k = 0; k < 4; ++k) {
          T& gradient = task.gradient[at + k];
          gradient = sums[k] + (task.beta == 0 ? T(0) : task.beta * gradient);
        }
      }
    }
  }
};

}  // namespace basisbench::simd
