// SPDX-License-Identifier: Apache-2.0
// Walsh-Hadamard transform in registers. The log2(n) stages commute, so they are taken in the order
// that suits the caches: one group of registers does the stages within a vector and across the
// group (256 elements for f32 in 512-bit registers), then passes over the row, kept in the
// first-level cache, do up to kGroup-fold butterflies each; the last pass scales and writes the
// result. Rows too long for that are halved from the top first, depth first. Diagonals and a
// permutation are the first pass's and the last one's.
#pragma once

#include <type_traits>

#include "workers/devices/cpu/simd_kernels.h"
#include "workers/devices/cpu/simd_vector.inc.h"

namespace basisbench::simd {

template <typename T, int Bytes>
struct Wht {
  using R = Register<T, Bytes>;
  using V = typename R::Vector;
  static constexpr int kLanes = R::kLanes;
  static constexpr int64_t kInRegisters = int64_t{kLanes} * R::kGroup;
  // Longest row done with intermediate results in the scratch block below.
  static constexpr int64_t kBlock = (int64_t{64} << 10) / sizeof(T);

  // Stages between the lanes of one register: partner + (+-1) * own.
  template <int Distance>
  [[gnu::always_inline]] static V LaneStages(V v) {
    if constexpr (Distance < kLanes) {
      typename R::Indices partner;
      V sign;
      for (int i = 0; i < kLanes; ++i) {
        partner[i] = i ^ Distance;
        sign[i] = (i & Distance) == 0 ? T(1) : T(-1);
      }
      return LaneStages<2 * Distance>(__builtin_shuffle(v, partner) + sign * v);
    } else {
      return v;
    }
  }

  template <int Count>
  [[gnu::always_inline]] static void Across(V* v) {
#pragma GCC unroll 8
    for (int half = 1; half < Count; half *= 2) {
#pragma GCC unroll 16
      for (int i = 0; i < Count; ++i) {
        if ((i & half) != 0) continue;
        const V sum = v[i] + v[i + half];
        v[i + half] = v[i] - v[i + half];
        v[i] = sum;
      }
    }
  }

  // What the first pass over a row does to its elements, and the last one. Elements from i on.
  template <bool Before, bool After>
  struct Dress {
    const int32_t* index = nullptr;
    const T* before = nullptr;
    const T* after = nullptr;

    Dress<Before, false> Entering() const { return {nullptr, before, nullptr}; }
    Dress<false, After> Leaving() const { return {nullptr, nullptr, after}; }
    V In(V v, int64_t i) const {
      if constexpr (Before) v *= R::Load(before + i);
      return v;
    }
    V Out(V v, int64_t i) const {
      if constexpr (After) v *= R::Load(after + i);
      return v;
    }
    T InOne(T x, int64_t i) const { return Before ? x * before[i] : x; }
    T OutOne(T x, int64_t i) const { return After ? x * after[i] : x; }
  };
  using Bare = Dress<false, false>;

  // Whole transform of Count registers of consecutive elements, the first of which is `first` of
  // its row.
  template <int Count, bool Stream, typename D>
  [[gnu::always_inline]] static void InRegisters(const T* in, T* out, T scale, int64_t first,
                                                 const D& dress) {
    V v[Count];
#pragma GCC unroll 16
    for (int i = 0; i < Count; ++i)
      v[i] = LaneStages<1>(dress.In(R::Load(in + i * kLanes), first + i * kLanes));
    Across<Count>(v);
#pragma GCC unroll 16
    for (int i = 0; i < Count; ++i)
      R::template Store<Stream>(out + i * kLanes, dress.Out(v[i] * scale, first + i * kLanes));
  }

  // Stages at distances stride, 2 stride, ..., Count stride / 2 over a row of n.
  template <int Count, bool Stream, typename D>
  static void Pass(int64_t n, int64_t stride, const T* in, T* out, T scale, const D& dress) {
    for (int64_t base = 0; base < n; base += Count * stride) {
      for (int64_t j = base; j < base + stride; j += kLanes) {
        V v[Count];
#pragma GCC unroll 16
        for (int i = 0; i < Count; ++i) v[i] = R::Load(in + j + i * stride);
        Across<Count>(v);
#pragma GCC unroll 16
        for (int i = 0; i < Count; ++i) {
          const int64_t at = j + i * stride;
          R::template Store<Stream>(out + at, dress.Out(v[i] * scale, at));
        }
      }
    }
  }

  template <bool Stream, typename D>
  static void PassOf(int64_t count, int64_t n, int64_t stride, const T* in, T* out, T scale,
                     const D& dress) {
    switch (count) {
      case 2:
        return Pass<2, Stream>(n, stride, in, out, scale, dress);
      case 4:
        return Pass<4, Stream>(n, stride, in, out, scale, dress);
      case 8:
        return Pass<8, Stream>(n, stride, in, out, scale, dress);
      default:
        return Pass<R::kGroup, Stream>(n, stride, in, out, scale, dress);
    }
  }

  template <typename D>
  static void Tiny(int64_t n, const T* in, T* out, T scale, const D& dress) {
    T v[kLanes];
    for (int64_t i = 0; i < n; ++i) v[i] = dress.InOne(in[i], i);
    for (int64_t half = 1; half < n; half *= 2) {
      for (int64_t i = 0; i < n; ++i) {
        if ((i & half) != 0) continue;
        const T sum = v[i] + v[i + half];
        v[i + half] = v[i] - v[i + half];
        v[i] = sum;
      }
    }
    for (int64_t i = 0; i < n; ++i) out[i] = dress.OutOne(v[i] * scale, i);
  }

  // Rows of at most kInRegisters elements.
  template <bool Stream, typename D>
  static void Short(int64_t n, const T* in, T* out, T scale, const D& dress) {
    switch (n / kLanes) {
      case 1:
        return InRegisters<1, Stream>(in, out, scale, 0, dress);
      case 2:
        return InRegisters<2, Stream>(in, out, scale, 0, dress);
      case 4:
        return InRegisters<4, Stream>(in, out, scale, 0, dress);
      case 8:
        return InRegisters<8, Stream>(in, out, scale, 0, dress);
      default:
        return InRegisters<R::kGroup, Stream>(in, out, scale, 0, dress);
    }
  }

  // Rows of at most kBlock elements: first pass in -> scratch, last pass scratch -> out.
  template <bool Stream, typename D>
  static void Block(int64_t n, const T* in, T* out, T scale, const D& dress) {
    alignas(64) T scratch[kBlock];
    if (dress.index != nullptr) {
      for (int64_t i = 0; i < n; ++i) scratch[i] = in[dress.index[i]];
      in = scratch;
    }
    if (n < kLanes) return Tiny(n, in, out, scale, dress);
    if (n <= kInRegisters) return Short<Stream>(n, in, out, scale, dress);
    for (int64_t i = 0; i < n; i += kInRegisters)
      InRegisters<R::kGroup, false>(in + i, scratch + i, T(1), i, dress.Entering());
    int64_t left = n / kInRegisters;  // product of the passes to come
    int64_t stride = kInRegisters;
    while (left > R::kGroup) {
      const int64_t count = left < 64 ? left / 8 : 8;
      PassOf<false>(count, n, stride, scratch, scratch, T(1), Bare());
      left /= count;
      stride *= count;
    }
    PassOf<Stream>(left, n, stride, scratch, out, scale, dress.Leaving());
  }

  // Any length. Long rows: the top stages first, from memory to memory, then each part on its own.
  static void Long(int64_t n, const T* in, T* out, T scale) {
    if (n <= kBlock) return Block<false>(n, in, out, scale, Bare());
    const int64_t parts = n / kBlock < 8 ? n / kBlock : 8;
    PassOf<false>(parts, n, n / parts, in, out, T(1), Bare());
    for (int64_t part = 0; part < parts; ++part) {
      T* piece = out + part * (n / parts);
      Long(n / parts, piece, piece, scale);
    }
  }

  // Rows too long for one pass are dressed before and after it.
  template <typename D>
  static void Long(int64_t n, const T* in, T* out, T scale, const D& dress) {
    if (std::is_same_v<D, Bare> && dress.index == nullptr) return Long(n, in, out, scale);
    for (int64_t i = 0; i < n; ++i)
      out[i] = dress.InOne(in[dress.index == nullptr ? i : dress.index[i]], i);
    Long(n, out, out, scale);
    for (int64_t i = 0; i < n; ++i) out[i] = dress.OutOne(out[i], i);
  }

  template <typename D>
  static void RowsIn(const WhtTask<T>& task, const D& dress) {
    const bool stream = task.stream && task.n >= kLanes && task.n <= kBlock &&
                        Aligned<Bytes>(task.out) && task.out_stride % kLanes == 0;
    for (int64_t row = 0; row < task.rows; ++row) {
      const T* in = task.in + row * task.in_stride;
      T* out = task.out + row * task.out_stride;
      if (stream) {
        Block<true>(task.n, in, out, task.scale, dress);
      } else if (task.n <= kBlock) {
        Block<false>(task.n, in, out, task.scale, dress);
      } else {
        Long(task.n, in, out, task.scale, dress);
      }
    }
    if (stream) Fence<Bytes>();
  }

  static void Rows(const WhtTask<T>& task) {
    const T *before = task.before, *after = task.after;
    if (before != nullptr && after != nullptr) {
      RowsIn(task, Dress<true, true>{task.index, before, after});
    } else if (before != nullptr) {
      RowsIn(task, Dress<true, false>{task.index, before, nullptr});
    } else if (after != nullptr) {
      RowsIn(task, Dress<false, true>{task.index, nullptr, after});
    } else {
      RowsIn(task, Bare{task.index, nullptr, nullptr});
    }
  }
};

}  // namespace basisbench::simd
