// SPDX-License-Identifier: Apache-2.0
// Wavelet transform of rows: a level reads each element once for both of its filters and takes them
// apart into even and odd ones in registers. Sums between the levels stay in the first-level cache;
// differences go where they belong at once.
#pragma once

#include "workers/devices/cpu/simd_kernels.h"
#include "workers/devices/cpu/simd_vector.inc.h"

namespace basisbench::simd {

template <typename T, int Bytes>
struct Dwt {
  using R = Register<T, Bytes>;
  using V = typename R::Vector;
  static constexpr int kLanes = R::kLanes;

  // Sum and difference j of a vector of q elements that goes round.
  static void SplitOne(const DwtTask<T>& task, int64_t q, int64_t j, const T* x, T* a, T* d) {
    T sum = 0, difference = 0;
    int64_t from = 2 * j;
    for (int64_t tap = 0; tap < task.taps; ++tap, ++from) {
      if (from >= q) from -= q;
      sum += task.low[tap] * x[from];
      difference += task.high[tap] * x[from];
    }
    a[j] = sum;
    d[j] = difference;
  }

  // A register of them from j on, none of which goes round.
  template <int Taps, bool Stream>
  [[gnu::always_inline]] static void SplitSome(const DwtTask<T>& task, int64_t j, const T* x, T* a,
                                               T* d) {
    typename R::Indices even, odd;
    for (int i = 0; i < kLanes; ++i) even[i] = 2 * i, odd[i] = 2 * i + 1;
    const int64_t taps = Taps == 0 ? task.taps : Taps;
    V sum = {}, difference = {};
#pragma GCC unroll 4
    for (int64_t tap = 0; tap < taps; tap += 2) {
      const T* from = x + 2 * j + tap;
      const V first = R::Load(from), second = R::Load(from + kLanes);
      const V evens = __builtin_shuffle(first, second, even);
      const V odds = __builtin_shuffle(first, second, odd);
      sum += task.low[tap] * evens + task.low[tap + 1] * odds;
      difference += task.high[tap] * evens + task.high[tap + 1] * odds;
    }
    R::template Store<false>(a + j, sum);
    R::template Store<Stream>(d + j, difference);
  }

  // Taps: of the filters, 0 for any number. Stream: differences go around the cache. A last
  // register makes some of the one before again.
  template <int Taps, bool Stream>
  static void Split(const DwtTask<T>& task, int64_t q, const T* x, T* a, T* d) {
    const int64_t within = q >= task.taps ? (q - task.taps) / 2 + 1 : 0;
    int64_t j = 0;
    if (within >= kLanes) {
      for (; j + kLanes <= within; j += kLanes) SplitSome<Taps, Stream>(task, j, x, a, d);
      if (j < within) SplitSome<Taps, false>(task, within - kLanes, x, a, d);
      j = within;
    }
    for (; j < q / 2; ++j) SplitOne(task, q, j, x, a, d);
  }

  // Elements 2t and 2t + 1 of q.
  static void JoinOne(const DwtTask<T>& task, int64_t q, int64_t t, const T* a, const T* d, T* x) {
    T even = 0, odd = 0;
    int64_t from = t;
    for (int64_t tap = 0; tap < task.taps; tap += 2, --from) {
      if (from < 0) from += q / 2;
      even += task.low[tap] * a[from] + task.high[tap] * d[from];
      odd += task.low[tap + 1] * a[from] + task.high[tap + 1] * d[from];
    }
    x[2 * t] = even;
    x[2 * t + 1] = odd;
  }

  // Two registers of them, none of which goes round.
  template <int Taps, bool Stream>
  [[gnu::always_inline]] static void JoinSome(const DwtTask<T>& task, int64_t t, const T* a,
                                              const T* d, T* x) {
    typename R::Indices lower, upper;
    for (int i = 0; i < kLanes; ++i) {
      lower[i] = i / 2 + i % 2 * kLanes;
      upper[i] = kLanes / 2 + lower[i];
    }
    const int64_t taps = Taps == 0 ? task.taps : Taps;
    V evens = {}, odds = {};
#pragma GCC unroll 4
    for (int64_t tap = 0; tap < taps; tap += 2) {
      const V sums = R::Load(a + t - tap / 2), differences = R::Load(d + t - tap / 2);
      evens += task.low[tap] * sums + task.high[tap] * differences;
      odds += task.low[tap + 1] * sums + task.high[tap + 1] * differences;
    }
    R::template Store<Stream>(x + 2 * t, __builtin_shuffle(evens, odds, lower));
    R::template Store<Stream>(x + 2 * t + kLanes, __builtin_shuffle(evens, odds, upper));
  }

  // The first and the last registers overlap others, which are aligned if x is.
  template <int Taps, bool Stream>
  static void Join(const DwtTask<T>& task, int64_t q, const T* a, const T* d, T* x) {
    const int64_t half = q / 2, round = task.taps / 2 - 1;
    int64_t t = 0;
    for (; t < round && t < half; ++t) JoinOne(task, q, t, a, d, x);
    if (half - round < kLanes) {
      for (; t < half; ++t) JoinOne(task, q, t, a, d, x);
      return;
    }
    if (round > 0) {
      JoinSome<Taps, false>(task, round, a, d, x);
      t = (round + kLanes) / kLanes * kLanes;
    }
    for (; t + kLanes <= half; t += kLanes) JoinSome<Taps, Stream>(task, t, a, d, x);
    if (t < half) JoinSome<Taps, false>(task, half - kLanes, a, d, x);
  }

  // Where the sums of a level are between the levels.
  static T* Sums(const DwtTask<T>& task, int64_t level) {
    return task.work + (level % 2 == 0 ? task.n / 2 : 0);
  }

  // Longer filters compute for longer than memory takes, and leave registers that are not aligned:
  // a line that is written around the cache and through it waits.
  template <int Taps>
  static bool Streams(const DwtTask<T>& task) {
    return Taps == 2 && task.stream;
  }

  template <int Taps>
  static void Analyse(const DwtTask<T>& task, const T* in, T* out) {
    for (int64_t level = 1; level <= task.levels; ++level) {
      const int64_t q = task.n >> (level - 1);
      const T* x = level == 1 ? in : Sums(task, level - 1);
      T* a = level == task.levels ? out : Sums(task, level);
      T* d = out + q / 2;
      if (Streams<Taps>(task) && Aligned<Bytes>(d)) {
        Split<Taps, true>(task, q, x, a, d);
      } else {
        Split<Taps, false>(task, q, x, a, d);
      }
    }
  }

  template <int Taps>
  static void Synthesise(const DwtTask<T>& task, const T* in, T* out) {
    for (int64_t level = task.levels; level >= 1; --level) {
      const int64_t q = task.n >> (level - 1);
      const T* a = level == task.levels ? in : Sums(task, level);
      if (level == 1 && Streams<Taps>(task) && Aligned<Bytes>(out)) {
        Join<Taps, true>(task, q, a, in + q / 2, out);
      } else {
        Join<Taps, false>(task, q, a, in + q / 2, level == 1 ? out : Sums(task, level - 1));
      }
    }
  }

  template <int Taps>
  static void AllRows(const DwtTask<T>& task) {
    for (int64_t row = 0; row < task.rows; ++row) {
      const T* in = task.in + row * task.in_stride;
      T* out = task.out + row * task.out_stride;
      task.adjoint ? Synthesise<Taps>(task, in, out) : Analyse<Taps>(task, in, out);
    }
    if (task.stream) Fence<Bytes>();
  }

  static void Rows(const DwtTask<T>& task) {
    switch (task.taps) {
      case 2:
        return AllRows<2>(task);
      case 4:
        return AllRows<4>(task);
      case 8:
        return AllRows<8>(task);
      default:
        return AllRows<0>(task);
    }
  }
};

}  // namespace basisbench::simd
