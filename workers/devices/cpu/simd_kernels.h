// SPDX-License-Identifier: Apache-2.0
// Vectorised loops, compiled once per instruction set and chosen at run time, so that one binary
// runs on every x86-64 and uses the widest registers there are. Stateless; any thread; nothing
// fails.
#pragma once

#include <cstdint>
#include <type_traits>
#include <vector>

#include "workers/devices/nonlinearity.h"
#include "workers/devices/wavelet_taps.h"

namespace basisbench {

// WhtArgs of device.h.
template <typename T>
struct WhtTask {
  int64_t rows = 0, n = 0;
  const T* in = nullptr;
  int64_t in_stride = 0;
  T* out = nullptr;
  int64_t out_stride = 0;
  T scale = 1;
  bool stream = false;  // write around the cache; only when out is not in
  const int32_t* index = nullptr;
  const T* before = nullptr;
  const T* after = nullptr;
};

// DwtArgs of device.h; `work` has room for 3n/4 elements.
template <typename T>
struct DwtTask {
  int64_t rows = 0, n = 0, levels = 0, taps = 0;
  T low[kMostWaveletTaps] = {}, high[kMostWaveletTaps] = {};
  bool adjoint = false;
  const T* in = nullptr;
  int64_t in_stride = 0;
  T* out = nullptr;
  int64_t out_stride = 0;
  T* work = nullptr;
  bool stream = false;  // write around the cache
};

// to[j * to_stride + i] = from[i * from_stride + j] for i < rows, j < cols.
template <typename T>
struct TransposeTask {
  int64_t rows = 0, cols = 0;
  const T* from = nullptr;
  int64_t from_stride = 0;
  T* to = nullptr;
  int64_t to_stride = 0;
  bool stream = false;  // write around the cache; only when `to` is not in it
};

// C = alpha A B + beta C, A m x k, B k x n, row-major; C is not read when beta is 0.
template <typename T>
struct GemmTask {
  int64_t m = 0, n = 0, k = 0;
  T alpha = 1;
  const T* a = nullptr;
  int64_t lda = 0;
  const T* b = nullptr;
  int64_t ldb = 0;
  T beta = 0;
  T* c = nullptr;
  int64_t ldc = 0;
};

// PairArgs of device.h.
template <typename T>
struct PairTask {
  int64_t count = 0;
  const T* x = nullptr;
  const T* z = nullptr;
  T scale = 1;
  T* y = nullptr;
  T* mirror = nullptr;
};

// ProductArgs of device.h; strides are in elements. Complex: w is there, and elements of a row
// follow each other.
template <typename T>
struct ProductTask {
  int64_t rows = 0, cols = 0;
  bool complex = false, conjugate_w = false;
  T alpha = 1;
  const T* x = nullptr;
  int64_t x_row = 0, x_col = 1;
  const T* w = nullptr;
  int64_t w_row = 0, w_col = 1;
  T beta = 0;
  T* y = nullptr;
  int64_t y_row = 0, y_col = 1;
};

// StagesArgs of device.h.
template <typename T>
struct StagesTask {
  int64_t n = 0, cols = 0, stages = 0;
  const int64_t* strides = nullptr;
  const T* blocks = nullptr;
  const T* x = nullptr;
  T* y = nullptr;
  T* between = nullptr;
};

// One stage of StagesGradientArgs: x is its input, dx may be dy.
template <typename T>
struct StageGradientTask {
  int64_t n = 0, cols = 0, stride = 0;
  const T* blocks = nullptr;
  const T* x = nullptr;
  const T* dy = nullptr;
  T* dx = nullptr;
  T beta = 0;
  T* gradient = nullptr;
};

// A row of ActivationArgs of device.h.
template <typename T>
struct ActivationTask {
  Nonlinearity activation = Nonlinearity::kNone;
  int64_t count = 0;
  const T* x = nullptr;
  const T* w = nullptr;
  T* y = nullptr;
  bool stream = false;  // write around the cache; only where y is neither x nor w
};

// A row of ActivationGradientArgs.
template <typename T>
struct ActivationGradientTask {
  Nonlinearity activation = Nonlinearity::kNone;
  int64_t count = 0;
  const T* x = nullptr;
  const T* w = nullptr;
  const T* dy = nullptr;
  T* dx = nullptr;
  T* dw = nullptr;
  bool stream = false;
};

// `stream` writes around the cache: worth it when the output is larger than the last-level cache.
template <typename T>
struct TypedKernels {
  void (*wht)(const WhtTask<T>& task);
  void (*dwt)(const DwtTask<T>& task);
  void (*transpose)(const TransposeTask<T>& task);
  void (*gemm)(const GemmTask<T>& task);  // for small m and k
  void (*product)(const ProductTask<T>& task);
  void (*multiply)(int64_t count, const T* x, const T* w, T* y, bool stream);
  // y = scale * x + z_scale * z
  void (*combine)(int64_t count, const T* x, T scale, const T* z, T z_scale, T* y, bool stream);
  // y[j] = scale * (x[j] + z_first[-j])
  void (*add_reversed)(int64_t count, const T* x, const T* z_first, T scale, T* y);
  // y[j] = x_first[-j]
  void (*reverse)(int64_t count, const T* x_first, T* y);
  void (*pair_columns)(const PairTask<T>& task);
  // Elements 1 to m - 1 of complex y from x: simd_real_fft.inc.h. `turns` has m / 2 + 1 numbers.
  void (*real_spectrum)(int64_t m, T half, const T* turns, const T* x, T* y);
  // y[j] = e^(scale * x[j] - shift); returns their sum. y may be x.
  T (*exponentials)(int64_t count, const T* x, T scale, T shift, T* y);
  // y[j] = log(1 / (1 + e^-x[j])). y may be x.
  void (*log_sigmoid)(int64_t count, const T* x, T* y);
  // Of at least one element.
  T (*largest)(int64_t count, const T* x);
  void (*stages)(const StagesTask<T>& task);
  void (*stage_gradient)(const StageGradientTask<T>& task);
  void (*activate)(const ActivationTask<T>& task);
  void (*activation_gradient)(const ActivationGradientTask<T>& task);
};

// Between f32 and the halves' bits. f16 may be null.
struct ConversionKernels {
  void (*widen_bf16)(int64_t count, const uint16_t* x, float* y);
  void (*narrow_bf16)(int64_t count, const float* x, uint16_t* y);
  void (*widen_f16)(int64_t count, const uint16_t* x, float* y);
  void (*narrow_f16)(int64_t count, const float* x, uint16_t* y);
};

struct SimdKernels {
  const char* name;  // "avx512", "avx2", "sse2"
  TypedKernels<float> f32;
  TypedKernels<double> f64;
  ConversionKernels convert;

  template <typename T>
  const TypedKernels<T>& Of() const {
    if constexpr (std::is_same_v<T, float>) {
      return f32;
    } else {
      return f64;
    }
  }
};

extern const SimdKernels kAvx512Kernels;
extern const SimdKernels kAvx2Kernels;
extern const SimdKernels kSse2Kernels;

// Those this processor can run, widest first.
std::vector<const SimdKernels*> UsableKernels();
const SimdKernels& BestKernels();

}  // namespace basisbench
