// SPDX-License-Identifier: Apache-2.0
// The project's own Fourier transform, any length: mixed radix (Stockham order, so no reordering
// pass) for lengths of small prime factors, Bluestein's algorithm for the rest. Several vectors are
// transformed side by side, one per SIMD lane, which serves columns and rows alike. Used where FFTW
// is left out of the build, and as its peer in tests. Making allocates; executing does not. One
// object belongs to one thread.
#pragma once

#include <complex>
#include <cstdint>
#include <memory>
#include <vector>

#include "workers/devices/device.h"

namespace basisbench {

// Complex numbers of kLanes independent transforms.
template <typename T>
struct LaneComplex {
  static constexpr int kLanes = 32 / sizeof(T);
  T re[kLanes];
  T im[kLanes];
};

// Forward complex transform of one length.
template <typename T>
class StockFft {
 public:
  explicit StockFft(int64_t n);
  ~StockFft();
  int64_t n() const { return n_; }

  // data[0..n) to its transform, in place; `scratch` has room for n.
  void Transform(LaneComplex<T>* data, LaneComplex<T>* scratch) const;

 private:
  struct Bluestein;
  struct Stage {
    int64_t radix, before, after;       // n = before * radix * after
    std::vector<std::complex<T>> turn;  // twiddles, radix - 1 per block
    std::vector<std::complex<T>> root;  // radix-th roots of one
  };
  int64_t n_;
  std::vector<Stage> stages_;
  std::unique_ptr<Bluestein> bluestein_;  // set when n has a large prime factor
};

// `description` has passed CheckFft. Executes between the given buffers.
std::unique_ptr<FftPlan> MakeStockFftPlan(const FftDescription& description, const void* in,
                                          void* out);

}  // namespace basisbench
