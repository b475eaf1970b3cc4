// SPDX-License-Identifier: Apache-2.0
// Strided batches on top of StockFft: gather a few vectors into the lanes, transform, scatter. Two
// real vectors make one complex one, the second in the imaginary part.
#include <algorithm>
#include <complex>
#include <utility>

#include "workers/devices/cpu/stock_fft.h"

namespace basisbench {
namespace {

template <typename T>
class StockPlan : public FftPlan {
 public:
  using Complex = std::complex<T>;
  static constexpr int kLanes = LaneComplex<T>::kLanes;

  StockPlan(const FftDescription& description, const void* in, void* out)
      : d_(description), in_(in), out_(out), fft_(d_.n) {
    data_.resize(d_.n);
    scratch_.resize(d_.n);
  }

  absl::Status Execute() override {
    const bool real = d_.real_input || d_.real_output;
    const int64_t step = real ? 2 * kLanes : kLanes;
    for (int64_t first = 0; first < d_.howmany; first += step) {
      const int64_t count = std::min(step, d_.howmany - first);
      if (count < step) std::fill(data_.begin(), data_.end(), LaneComplex<T>{});
      d_.real_input    ? GatherReal(first, count)
      : d_.real_output ? GatherSymmetric(first, count)
                       : GatherComplex(first, count);
      // The inverse is the forward transform with real and imaginary parts exchanged on both sides.
      if (d_.inverse) Exchange();
      fft_.Transform(data_.data(), scratch_.data());
      if (d_.inverse) Exchange();
      d_.real_input    ? ScatterSymmetric(first, count)
      : d_.real_output ? ScatterReal(first, count)
                       : ScatterComplex(first, count);
    }
    return absl::OkStatus();
  }

 private:
  void GatherReal(int64_t first, int64_t count) {
    const T* in = static_cast<const T*>(in_) + first * d_.in_distance;
    for (int64_t t = 0; t < d_.n; ++t) {
      const T* at = in + t * d_.in_stride;
      for (int64_t i = 0; i < count; ++i) {
        T* part = i % 2 == 0 ? data_[t].re : data_[t].im;
        part[i / 2] = at[i * d_.in_distance];
      }
    }
  }

  // Half a spectrum of each of two real vectors as one whole spectrum.
  void GatherSymmetric(int64_t first, int64_t count) {
    const Complex* in = static_cast<const Complex*>(in_) + first * d_.in_distance;
    for (int64_t k = 0; k < d_.n; ++k) {
      const int64_t mirror = (d_.n - k) % d_.n;
      const Complex* at = in + std::min(k, mirror) * d_.in_stride;
      for (int64_t i = 0; i < count; ++i) {
        const Complex given = at[i * d_.in_distance];
        const T imaginary = k == mirror ? T(0) : k < mirror ? given.imag() : -given.imag();
        const bool second = i % 2 != 0;
        T& re = data_[k].re[i / 2];
        T& im = data_[k].im[i / 2];
        re = second ? re - imaginary : given.real();
        im = second ? im + given.real() : imaginary;
      }
    }
  }

  void Exchange() {
    for (LaneComplex<T>& value : data_) {
      for (int i = 0; i < kLanes; ++i) std::swap(value.re[i], value.im[i]);
    }
  }

  void ScatterReal(int64_t first, int64_t count) {
    T* out = static_cast<T*>(out_) + first * d_.out_distance;
    for (int64_t t = 0; t < d_.n; ++t) {
      T* at = out + t * d_.out_stride;
      for (int64_t i = 0; i < count; ++i)
        at[i * d_.out_distance] = i % 2 == 0 ? data_[t].re[i / 2] : data_[t].im[i / 2];
    }
  }

  void ScatterSymmetric(int64_t first, int64_t count) {
    Complex* out = static_cast<Complex*>(out_) + first * d_.out_distance;
    for (int64_t k = 0; k <= d_.n / 2; ++k) {
      const LaneComplex<T>& here = data_[k];
      const LaneComplex<T>& mirror = data_[(d_.n - k) % d_.n];
      Complex* at = out + k * d_.out_stride;
      for (int64_t i = 0; i < count; ++i) {
        const Complex z(here.re[i / 2], here.im[i / 2]);
        const Complex m(mirror.re[i / 2], -mirror.im[i / 2]);
        const Complex sum = z + m, difference = z - m;
        at[i * d_.out_distance] =
            i % 2 == 0 ? sum * T(0.5) : Complex(difference.imag(), -difference.real()) * T(0.5);
      }
    }
  }

  void GatherComplex(int64_t first, int64_t count) {
    const Complex* in = static_cast<const Complex*>(in_) + first * d_.in_distance;
    for (int64_t t = 0; t < d_.n; ++t) {
      const Complex* at = in + t * d_.in_stride;
      for (int64_t i = 0; i < count; ++i) {
        data_[t].re[i] = at[i * d_.in_distance].real();
        data_[t].im[i] = at[i * d_.in_distance].imag();
      }
    }
  }

  void ScatterComplex(int64_t first, int64_t count) {
    Complex* out = static_cast<Complex*>(out_) + first * d_.out_distance;
    for (int64_t k = 0; k < d_.n; ++k) {
      Complex* at = out + k * d_.out_stride;
      for (int64_t i = 0; i < count; ++i) {
        at[i * d_.out_distance] = Complex(data_[k].re[i], data_[k].im[i]);
      }
    }
  }

  const FftDescription d_;
  const void* const in_;
  void* const out_;
  StockFft<T> fft_;
  std::vector<LaneComplex<T>> data_, scratch_;
};

}  // namespace

std::unique_ptr<FftPlan> MakeStockFftPlan(const FftDescription& description, const void* in,
                                          void* out) {
  if (description.dtype == Dtype::kF32) {
    return std::make_unique<StockPlan<float>>(description, in, out);
  }
  return std::make_unique<StockPlan<double>>(description, in, out);
}

}  // namespace basisbench
