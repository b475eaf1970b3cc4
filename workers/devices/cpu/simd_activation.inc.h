// SPDX-License-Identifier: Apache-2.0
// Activations and their derivatives, times a gate.
#pragma once

#include "workers/devices/cpu/simd_exponential.inc.h"
#include "workers/devices/cpu/simd_kernels.h"

namespace basisbench::simd {

template <typename T, int Bytes>
struct Activations {
  using R = Register<T, Bytes>;
  using V = typename R::Vector;
  static constexpr int kLanes = R::kLanes;

  // 2 sqrt(2 / pi), and that times 0.044715.
  static constexpr double kTwoRoots = 1.5957691216057308;
  static constexpr T kSlope = T(kTwoRoots), kCubic = T(kTwoRoots * 0.044715);

  struct Pair {
    V value, derivative;
  };

  template <Nonlinearity kind>
  [[gnu::always_inline]] static Pair Of(V x) {
    const V one = V{} + T(1);
    if constexpr (kind == Nonlinearity::kNone) {
      return {x, one};
    } else {
      constexpr bool kIsGelu = kind == Nonlinearity::kGelu;
      const V t = kIsGelu ? x * (x * x * kCubic + kSlope) : x;
      const V e = Exponential<T, Bytes>::Of(-t);
      const V s = one / (e + one);
      const V slope = s * (e * s);  // e s is 1 - s without cancellation
      if constexpr (kind == Nonlinearity::kSigmoid) return {s, slope};
      const V inner = kIsGelu ? x * x * (T(3) * kCubic) + kSlope : one;
      return {x * s, x * slope * inner + s};
    }
  }

  // Fewer than a register's elements.
  [[gnu::always_inline]] static V LoadSome(const T* p, int64_t count) {
    V v = {};
    for (int64_t i = 0; i < count; ++i) v[i] = p[i];
    return v;
  }
  [[gnu::always_inline]] static void StoreSome(T* p, V v, int64_t count) {
    for (int64_t i = 0; i < count; ++i) p[i] = v[i];
  }

  template <Nonlinearity kind, bool Gated, bool Stream>
  static void Values(const ActivationTask<T>& task) {
    const auto some = [&](int64_t at, int64_t count) {
      V y = Of<kind>(LoadSome(task.x + at, count)).value;
      if (Gated) y *= LoadSome(task.w + at, count);
      StoreSome(task.y + at, y, count);
    };
    int64_t i = 0;
    if (Stream) {
      while (i < task.count && !Aligned<Bytes>(task.y + i)) ++i;
      some(0, i);
    }
    for (; i + kLanes <= task.count; i += kLanes) {
      V y = Of<kind>(R::Load(task.x + i)).value;
      if (Gated) y *= R::Load(task.w + i);
      R::template Store<Stream>(task.y + i, y);
    }
    some(i, task.count - i);
    if (Stream) Fence<Bytes>();
  }

  // Stream: dx and dw are aligned.
  template <Nonlinearity kind, bool Gated, bool Stream>
  static void Gradients(const ActivationGradientTask<T>& task) {
    int64_t i = 0;
    for (; i + kLanes <= task.count; i += kLanes) {
      const Pair f = Of<kind>(R::Load(task.x + i));
      const V dy = R::Load(task.dy + i);
      if (Gated) R::template Store<Stream>(task.dw + i, dy * f.value);
      const V w = Gated ? R::Load(task.w + i) : V{} + T(1);
      R::template Store<Stream>(task.dx + i, dy * w * f.derivative);
    }
    const int64_t rest = task.count - i;
    const Pair f = Of<kind>(LoadSome(task.x + i, rest));
    const V dy = LoadSome(task.dy + i, rest);
    const V w = Gated ? LoadSome(task.w + i, rest) : V{} + T(1);
    if (Gated) StoreSome(task.dw + i, dy * f.value, rest);
    StoreSome(task.dx + i, dy * w * f.derivative, rest);
    if (Stream) Fence<Bytes>();
  }

  template <Nonlinearity kind>
  static void ValuesOf(const ActivationTask<T>& task) {
    if (task.stream) {
      task.w != nullptr ? Values<kind, true, true>(task) : Values<kind, false, true>(task);
    } else {
      task.w != nullptr ? Values<kind, true, false>(task) : Values<kind, false, false>(task);
    }
  }
  template <Nonlinearity kind>
  static void GradientsOf(const ActivationGradientTask<T>& task) {
    if (task.stream && Aligned<Bytes>(task.dx) && Aligned<Bytes>(task.dw)) {
      task.w != nullptr ? Gradients<kind, true, true>(task) : Gradients<kind, false, true>(task);
    } else {
      task.w != nullptr ? Gradients<kind, true, false>(task) : Gradients<kind, false, false>(task);
    }
  }

  static void Run(const ActivationTask<T>& task) {
    switch (task.activation) {
      case Nonlinearity::kNone:
        return ValuesOf<Nonlinearity::kNone>(task);
      case Nonlinearity::kSigmoid:
        return ValuesOf<Nonlinearity::kSigmoid>(task);
      case Nonlinearity::kSilu:
        return ValuesOf<Nonlinearity::kSilu>(task);
      case Nonlinearity::kGelu:
        return ValuesOf<Nonlinearity::kGelu>(task);
    }
  }

  static void Gradient(const ActivationGradientTask<T>& task) {
    switch (task.activation) {
      case Nonlinearity::kNone:
        return GradientsOf<Nonlinearity::kNone>(task);
      case Nonlinearity::kSigmoid:
        return GradientsOf<Nonlinearity::kSigmoid>(task);
      case Nonlinearity::kSilu:
        return GradientsOf<Nonlinearity::kSilu>(task);
      case Nonlinearity::kGelu:
        return GradientsOf<Nonlinearity::kGelu>(task);
    }
  }
};

}  // namespace basisbench::simd
