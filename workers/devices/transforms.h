// SPDX-License-Identifier: Apache-2.0
// What Device (device.h) is told of transforms: Walsh-Hadamard, wavelet, Fourier.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "workers/devices/dtype.h"
#include "workers/devices/wavelet_taps.h"

namespace basisbench {

// Walsh-Hadamard transform (Sylvester order, unnormalised) of each row of a rows x n matrix, n a
// power of two, between two diagonals and after a permutation:
//   out[j] = scale after[j] sum_i H[j,i] before[i] in[index[i]].
// Without them (null): ones, and the order as it is. `out` may be `in` (same stride) where there is
// no index, otherwise they must not overlap. One pass over memory.
struct WhtArgs {
  Dtype dtype = Dtype::kF32;
  int64_t rows = 0, n = 0;
  double scale = 1.0;
  const void* in = nullptr;
  int64_t in_row_stride = 0;
  void* out = nullptr;
  int64_t out_row_stride = 0;
  const int32_t* index = nullptr;  // n each
  const void* before = nullptr;
  const void* after = nullptr;
  int64_t pass_bytes = 0;  // as in CopyArgs
};

// Discrete wavelet transform of each row of a rows x n matrix: `levels` times
//   a[i] = sum_l h[l] x[2i + l],  d[i] = sum_l (-1)^l h[L-1-l] x[2i + l],  indices modulo the
//   length,
// again on the sums a; a row of the result is the last sums, then the differences from the last
// level to the first. `adjoint`: its adjoint, the inverse where the filter h is orthonormal. n is a
// multiple of 2^levels, h has an even number of taps, at most kMostWaveletTaps. `out` does not
// overlap `in`. `work` is memory of the device for 3n/4 elements of each row. One pass over `in`
// and `out`.
struct DwtArgs {
  Dtype dtype = Dtype::kF32;
  int64_t rows = 0, n = 0, levels = 0;
  absl::Span<const double> filter;  // h
  bool adjoint = false;
  const void* in = nullptr;
  int64_t in_row_stride = 0;
  void* out = nullptr;
  int64_t out_row_stride = 0;
  void* work = nullptr;
  int64_t pass_bytes = 0;  // as in CopyArgs
};

// A one-dimensional transform, unnormalised, of `howmany` vectors: forward e^{-2 pi i jk/n} from
// real or complex input, or its inverse sign (`inverse`) to complex or real output. Complex
// elements are interleaved pairs. The complex side of a real transform of length n has n/2+1
// elements; what it reads of them is conjugate symmetric. An inverse transform to real output may
// overwrite its input.
struct FftDescription {
  Dtype dtype = Dtype::kF32;
  bool real_input = false;   // forward only
  bool real_output = false;  // inverse only
  bool inverse = false;
  int64_t n = 0, howmany = 0;
  int64_t in_stride = 1, in_distance = 0;    // elements of the input type
  int64_t out_stride = 1, out_distance = 0;  // elements of the output type
};

// Prepared transform. Execute may be called any number of times, with the buffers given when it was
// made.
class FftPlan {
 public:
  virtual ~FftPlan() = default;
  virtual absl::Status Execute() = 0;
};

}  // namespace basisbench
