// SPDX-License-Identifier: Apache-2.0
// Exponentials, logarithms of sigmoids and largest elements of rows, for softmax and decays. e^t =
// 2^n e^r with |r| below half of log 2 and a Taylor polynomial for e^r: within two units in the
// last place. What would not be a normal number becomes the smallest or largest that is.
#pragma once

#include "workers/devices/cpu/simd_vector.inc.h"

namespace basisbench::simd {

template <typename T>
struct ExponentialConstants;

template <>
struct ExponentialConstants<float> {
  static constexpr float kRound =
      0x1.8p23f;  // adding it leaves the nearest integer in the low bits
  static constexpr float kLogHigh = 0x1.62e4p-1f, kLogLow = 0x1.7f7d1cp-20f;
  static constexpr float kLowest = -87, kHighest = 88;
  static constexpr int kFraction = 23, kDegree = 7, kLogTerms = 8;
};

template <>
struct ExponentialConstants<double> {
  static constexpr double kRound = 0x1.8p52;
  static constexpr double kLogHigh = 0x1.62e42fefa3800p-1, kLogLow = 0x1.ef35793c76730p-45;
  static constexpr double kLowest = -708, kHighest = 709;
  static constexpr int kFraction = 52, kDegree = 13, kLogTerms = 17;
};

template <typename T, int Bytes>
struct Exponential {
  using R = Register<T, Bytes>;
  using V = typename R::Vector;
  using C = ExponentialConstants<T>;
  static constexpr int kLanes = R::kLanes;

  [[gnu::always_inline]] static V Of(V t) {
    const V lowest = V{} + C::kLowest, highest = V{} + C::kHighest;
    t = t < lowest ? lowest : t;
    t = t > highest ? highest : t;
    const V shifted = t * T(0x1.71547652b82fep0) + C::kRound;
    const V n = shifted - C::kRound;
    const V r = (t - n * C::kLogHigh) - n * C::kLogLow;
    V sum = V{} + T(1);
#pragma GCC unroll 16
    for (int k = C::kDegree; k > 0; --k) sum = sum * r * (T(1) / T(k)) + T(1);
    const auto exponent = reinterpret_cast<typename R::Indices>(shifted) << C::kFraction;
    return reinterpret_cast<V>(reinterpret_cast<typename R::Indices>(sum) + exponent);
  }

  [[gnu::always_inline]] static T Sum(V v) {
    T sum = 0;
    for (int i = 0; i < kLanes; ++i) sum += v[i];
    return sum;
  }

  // y[i] = e^(scale x[i] - shift); their sum. y may be x.
  static T Row(int64_t count, const T* x, T scale, T shift, T* y) {
    V sum = {};
    int64_t i = 0;
    for (; i + kLanes <= count; i += kLanes) {
      const V value = Of(R::Load(x + i) * scale - shift);
      R::template Store<false>(y + i, value);
      sum += value;
    }
    T total = Sum(sum);
    if (i == count) return total;
    V rest = {};
    for (int64_t j = i; j < count; ++j) rest[j - i] = x[j];
    rest = Of(rest * scale - shift);
    for (int64_t j = i; j < count; ++j) {
      y[j] = rest[j - i];
      total += y[j];
    }
    return total;
  }

  // log(1 + u) = 2 (s + s^3 / 3 + s^5 / 5 + ...) with s = u / (2 + u), for u in 0..1.
  [[gnu::always_inline]] static V LogOfOnePlus(V u) {
    const V s = u / (u + T(2)), square = s * s;
    V sum = V{} + T(1) / T(2 * C::kLogTerms - 1);
#pragma GCC unroll 20
    for (int k = C::kLogTerms - 2; k >= 0; --k) sum = sum * square + T(1) / T(2 * k + 1);
    return T(2) * s * sum;
  }

  // log(1 / (1 + e^-x)), without overflow either way.
  [[gnu::always_inline]] static V LogSigmoidOf(V x) {
    const V zero = {}, low = x < zero ? x : zero, high = x < zero ? zero : x;
    return low - LogOfOnePlus(Of(low - high));
  }

  static void LogSigmoid(int64_t count, const T* x, T* y) {
    int64_t i = 0;
    for (; i + kLanes <= count; i += kLanes)
      R::template Store<false>(y + i, LogSigmoidOf(R::Load(x + i)));
    if (i == count) return;
    V rest = {};
    for (int64_t j = i; j < count; ++j) rest[j - i] = x[j];
    rest = LogSigmoidOf(rest);
    for (int64_t j = i; j < count; ++j) y[j] = rest[j - i];
  }

  // The largest of x[i]; count is at least 1.
  static T Largest(int64_t count, const T* x) {
    V largest = V{} + x[0];
    int64_t i = 0;
    for (; i + kLanes <= count; i += kLanes) {
      const V next = R::Load(x + i);
      largest = next > largest ? next : largest;
    }
    T result = x[0];
    for (int lane = 0; lane < kLanes; ++lane)
      result = largest[lane] > result ? largest[lane] : result;
    for (; i < count; ++i) result = x[i] > result ? x[i] : result;
    return result;
  }
};

}  // namespace basisbench::simd
