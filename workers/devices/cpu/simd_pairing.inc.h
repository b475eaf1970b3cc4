// SPDX-License-Identifier: Apache-2.0
// PairColumns of device.h: of each two complex numbers (r0, m0, r1, m1) of a row, (r0 - m1, r1 +
// m0) and, for the mirror row, (r0 + m1, r1 - m0).
#pragma once

#include "workers/devices/cpu/simd_kernels.h"
#include "workers/devices/cpu/simd_vector.inc.h"

namespace basisbench::simd {

template <typename T, int Bytes>
struct Pairing {
  using R = Register<T, Bytes>;
  using V = typename R::Vector;
  static constexpr int kLanes = R::kLanes;

  // e of kLanes reals from x + i on. Both: z is there.
  template <bool Both>
  [[gnu::always_inline]] static V Even(const PairTask<T>& task, int64_t i) {
    const V x = R::Load(task.x + i);
    if constexpr (!Both) return task.scale * x;
    V sign;
    for (int lane = 0; lane < kLanes; ++lane) sign[lane] = lane % 2 == 0 ? T(1) : T(-1);
    return task.scale * (x + sign * R::Load(task.z + i));
  }

  template <bool Both>
  static T EvenAt(const PairTask<T>& task, int64_t i) {
    if (i >= 2 * task.count) return 0;
    if constexpr (!Both) return task.scale * task.x[i];
    return task.scale * (task.x[i] + (i % 2 == 0 ? task.z[i] : -task.z[i]));
  }

  template <bool Both>
  static void Row(const PairTask<T>& task) {
    typename R::Indices reals, swapped;  // r0, r1, ... and m1, m0, ...
    V sign;
    for (int lane = 0; lane < kLanes; ++lane) {
      reals[lane] = 2 * lane;
      swapped[lane] = 2 * (lane ^ 1) + 1;
      sign[lane] = lane % 2 == 0 ? T(-1) : T(1);
    }
    int64_t i = 0;  // in y
    for (; 2 * (i + kLanes) <= 2 * task.count; i += kLanes) {
      const V first = Even<Both>(task, 2 * i), second = Even<Both>(task, 2 * i + kLanes);
      const V real = __builtin_shuffle(first, second, reals);
      const V turned = sign * __builtin_shuffle(first, second, swapped);
      R::template Store<false>(task.y + i, real + turned);
      R::template Store<false>(task.mirror + i, real - turned);
    }
    for (; i < task.count; i += 2) {
      const T r0 = EvenAt<Both>(task, 2 * i), m0 = EvenAt<Both>(task, 2 * i + 1);
      const T r1 = EvenAt<Both>(task, 2 * i + 2), m1 = EvenAt<Both>(task, 2 * i + 3);
      task.y[i] = r0 - m1;
      task.y[i + 1] = r1 + m0;
      task.mirror[i] = r0 + m1;
      task.mirror[i + 1] = r1 - m0;
    }
  }

  static void Run(const PairTask<T>& task) {
    if (task.z == nullptr) {
      Row<false>(task);
    } else {
      Row<true>(task);
    }
  }
};

}  // namespace basisbench::simd
