// SPDX-License-Identifier: Apache-2.0
// The kernel table of one register width. Included only by the simd_*.cc files.
#pragma once

#include "workers/devices/cpu/simd_activation.inc.h"
#include "workers/devices/cpu/simd_convert.inc.h"
#include "workers/devices/cpu/simd_dwt.inc.h"
#include "workers/devices/cpu/simd_exponential.inc.h"
#include "workers/devices/cpu/simd_gemm.inc.h"
#include "workers/devices/cpu/simd_kernels.h"
#include "workers/devices/cpu/simd_pairing.inc.h"
#include "workers/devices/cpu/simd_pointwise.inc.h"
#include "workers/devices/cpu/simd_product.inc.h"
#include "workers/devices/cpu/simd_real_fft.inc.h"
#include "workers/devices/cpu/simd_stages.inc.h"
#include "workers/devices/cpu/simd_transpose.inc.h"
#include "workers/devices/cpu/simd_wht.inc.h"

namespace basisbench {

template <typename T, int Bytes>
constexpr TypedKernels<T> MakeTypedKernels() {
  return {simd::Wht<T, Bytes>::Rows,
          simd::Dwt<T, Bytes>::Rows,
          simd::Transposition<T, Bytes>::Run,
          simd::SmallGemm<T, Bytes>::Run,
          simd::Products<T, Bytes>::Run,
          simd::Pointwise<T, Bytes>::Multiply,
          simd::Pointwise<T, Bytes>::Combine,
          simd::Pointwise<T, Bytes>::AddReversed,
          simd::Pointwise<T, Bytes>::Reverse,
          simd::Pairing<T, Bytes>::Run,
          simd::RealFft<T, Bytes>::Run,
          simd::Exponential<T, Bytes>::Row,
          simd::Exponential<T, Bytes>::LogSigmoid,
          simd::Exponential<T, Bytes>::Largest,
          simd::Stages<T, Bytes>::Run,
          simd::Stages<T, Bytes>::Gradient,
          simd::Activations<T, Bytes>::Run,
          simd::Activations<T, Bytes>::Gradient};
}

template <int Bytes>
constexpr SimdKernels MakeKernels(const char* name) {
  using Convert = simd::Conversion<Bytes>;
  return {name,
          MakeTypedKernels<float, Bytes>(),
          MakeTypedKernels<double, Bytes>(),
          {Convert::WidenBf16, Convert::NarrowBf16, Convert::WidenF16, Convert::NarrowF16}};
}

}  // namespace basisbench
