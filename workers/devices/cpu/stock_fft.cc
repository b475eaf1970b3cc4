// SPDX-License-Identifier: Apache-2.0
#include "workers/devices/cpu/stock_fft.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numbers>

namespace basisbench {
namespace {

constexpr int64_t kLargestRadix = 31;

// exp(-2 pi i k / n), exact to rounding for any k.
template <typename T>
std::complex<T> Turn(int64_t k, int64_t n) {
  const double angle =
      -2.0 * std::numbers::pi * static_cast<double>(k % n) / static_cast<double>(n);
  return {static_cast<T>(std::cos(angle)), static_cast<T>(std::sin(angle))};
}

// Radices of n, 4s first; empty when a prime factor is larger than kLargestRadix.
std::vector<int64_t> Radices(int64_t n) {
  std::vector<int64_t> radices;
  for (; n % 4 == 0; n /= 4) radices.push_back(4);
  for (int64_t radix = 2; n > 1; ++radix) {
    if (radix > kLargestRadix) return {};
    for (; n % radix == 0; n /= radix) radices.push_back(radix);
  }
  return radices;
}

template <typename T>
void Add(const LaneComplex<T>& a, const LaneComplex<T>& b, LaneComplex<T>* sum) {
  for (int i = 0; i < a.kLanes; ++i) sum->re[i] = a.re[i] + b.re[i];
  for (int i = 0; i < a.kLanes; ++i) sum->im[i] = a.im[i] + b.im[i];
}

template <typename T>
void Subtract(const LaneComplex<T>& a, const LaneComplex<T>& b, LaneComplex<T>* difference) {
  for (int i = 0; i < a.kLanes; ++i) difference->re[i] = a.re[i] - b.re[i];
  for (int i = 0; i < a.kLanes; ++i) difference->im[i] = a.im[i] - b.im[i];
}

template <typename T>
LaneComplex<T> Times(const LaneComplex<T>& a, std::complex<T> w) {
  LaneComplex<T> product;
  for (int i = 0; i < a.kLanes; ++i) {
    product.re[i] = a.re[i] * w.real() - a.im[i] * w.imag();
    product.im[i] = a.re[i] * w.imag() + a.im[i] * w.real();
  }
  return product;
}

template <typename T>
LaneComplex<T> TimesMinusI(const LaneComplex<T>& a) {
  LaneComplex<T> product;
  for (int i = 0; i < a.kLanes; ++i) {
    product.re[i] = a.im[i];
    product.im[i] = -a.re[i];
  }
  return product;
}

template <typename T>
void Radix4(LaneComplex<T>* v) {
  LaneComplex<T> even_sum, even_difference, odd_sum, odd_difference;
  Add(v[0], v[2], &even_sum);
  Subtract(v[0], v[2], &even_difference);
  Add(v[1], v[3], &odd_sum);
  Subtract(v[1], v[3], &odd_difference);
  odd_difference = TimesMinusI(odd_difference);
  Add(even_sum, odd_sum, &v[0]);
  Add(even_difference, odd_difference, &v[1]);
  Subtract(even_sum, odd_sum, &v[2]);
  Subtract(even_difference, odd_difference, &v[3]);
}

// The definition, for the radices without a kernel of their own.
template <typename T>
void AnyRadix(int64_t radix, const std::vector<std::complex<T>>& root, LaneComplex<T>* v) {
  std::array<LaneComplex<T>, kLargestRadix> sums;
  for (int64_t k = 0; k < radix; ++k) {
    sums[k] = v[0];
    for (int64_t j = 1; j < radix; ++j) {
      Add(sums[k], Times(v[j], root[j * k % radix]), &sums[k]);
    }
  }
  std::copy_n(sums.begin(), radix, v);
}

template <typename T>
void SmallTransform(int64_t radix, const std::vector<std::complex<T>>& root, LaneComplex<T>* v) {
  if (radix == 4) return Radix4(v);
  if (radix != 2) return AnyRadix(radix, root, v);
  const LaneComplex<T> first = v[0];
  Add(first, v[1], &v[0]);
  Subtract(first, v[1], &v[1]);
}

}  // namespace

// A transform of length n as a cyclic convolution of a power-of-two length m >= 2n - 1, since jk =
// (j^2 + k^2 - (k-j)^2)/2.
template <typename T>
struct StockFft<T>::Bluestein {
  explicit Bluestein(int64_t n)
      : m(static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(2 * n - 1)))),
        fft(m),
        chirp(n),
        filter(m),
        work(m),
        scratch(m) {
    for (int64_t k = 0; k < n; ++k) {
      chirp[k] = Turn<T>(k * k % (2 * n), 2 * n);
    }
    std::vector<LaneComplex<T>> wave(m, LaneComplex<T>{});
    for (int64_t k = 0; k < n; ++k) {
      wave[k].re[0] = wave[(m - k) % m].re[0] = chirp[k].real();
      wave[k].im[0] = wave[(m - k) % m].im[0] = -chirp[k].imag();
    }
    fft.Transform(wave.data(), scratch.data());
    for (int64_t k = 0; k < m; ++k) {  // conjugated and scaled for the way back
      filter[k] = std::complex<T>(wave[k].re[0], wave[k].im[0]) / static_cast<T>(m);
    }
  }

  void Transform(LaneComplex<T>* data) const {
    const int64_t n = static_cast<int64_t>(chirp.size());
    for (int64_t k = 0; k < n; ++k) work[k] = Times(data[k], chirp[k]);
    std::fill(work.begin() + n, work.end(), LaneComplex<T>{});
    fft.Transform(work.data(), scratch.data());
    // The inverse transform is the forward one of the conjugate, conjugated.
    for (int64_t k = 0; k < m; ++k) work[k] = Conjugate(Times(work[k], filter[k]));
    fft.Transform(work.data(), scratch.data());
    for (int64_t k = 0; k < n; ++k) data[k] = Times(Conjugate(work[k]), chirp[k]);
  }

  static LaneComplex<T> Conjugate(LaneComplex<T> a) {
    for (int i = 0; i < a.kLanes; ++i) a.im[i] = -a.im[i];
    return a;
  }

  int64_t m;
  StockFft<T> fft;
  std::vector<std::complex<T>> chirp, filter;
  mutable std::vector<LaneComplex<T>> work, scratch;
};

template <typename T>
StockFft<T>::StockFft(int64_t n) : n_(n) {
  const std::vector<int64_t> radices = Radices(n);
  if (radices.empty() && n > 1) {
    bluestein_ = std::make_unique<Bluestein>(n);
    return;
  }
  int64_t before = 1;
  for (int64_t radix : radices) {
    Stage stage{radix, before, n / (before * radix), {}, {}};
    // After this stage, vectors of length before * radix are done.
    for (int64_t block = 0; block < before; ++block) {
      for (int64_t j = 1; j < radix; ++j) {
        stage.turn.push_back(Turn<T>(j * block, before * radix));
      }
    }
    for (int64_t j = 0; j < radix; ++j) stage.root.push_back(Turn<T>(j, radix));
    stages_.push_back(std::move(stage));
    before *= radix;
  }
}

template <typename T>
StockFft<T>::~StockFft() = default;

// Self-sorting decimation in time. Before a stage, element block * (n / before) + i is frequency
// `block` of the transform of every (n / before)-th input from i on; the stage joins `radix` of
// those transforms into one.
template <typename T>
void StockFft<T>::Transform(LaneComplex<T>* data, LaneComplex<T>* scratch) const {
  if (bluestein_ != nullptr) return bluestein_->Transform(data);
  LaneComplex<T>* from = data;
  LaneComplex<T>* to = scratch;
  std::array<LaneComplex<T>, kLargestRadix> v;
  for (const Stage& stage : stages_) {
    const int64_t step = stage.before * stage.after;
    for (int64_t block = 0; block < stage.before; ++block) {
      const std::complex<T>* turn = stage.turn.data() + block * (stage.radix - 1);
      for (int64_t i = 0; i < stage.after; ++i) {
        const LaneComplex<T>* source = from + block * stage.after * stage.radix + i;
        v[0] = source[0];
        for (int64_t j = 1; j < stage.radix; ++j) {
          v[j] = Times(source[j * stage.after], turn[j - 1]);
        }
        SmallTransform(stage.radix, stage.root, v.data());
        LaneComplex<T>* target = to + block * stage.after + i;
        for (int64_t j = 0; j < stage.radix; ++j) target[j * step] = v[j];
      }
    }
    std::swap(from, to);
  }
  if (from != data) std::copy_n(from, n_, data);
}

template class StockFft<float>;
template class StockFft<double>;

}  // namespace basisbench
