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
      : d_(description), in_(in), out_(static_cast<Complex*>(out)), fft_(d_.n) {
    data_.resize(d_.n);
    scratch_.resize(d_.n);
  }

  absl::Status Execute() override {
    const int64_t step = d_.real_input ? 2 * kLanes : kLanes;
    for (int64_t first = 0; first < d_.howmany; first += step) {
      const int64_t count = std::min(step, d_.howmany - first);
      if (d_.real_input) {
        GatherReal(first, count);
        fft_.Transform(data_.data(), scratch_.data());
        ScatterReal(first, count);
      } else {
        GatherComplex(first, count);
        fft_.Transform(data_.data(), scratch_.data());
        ScatterComplex(first, count);
      }
    }
    return absl::OkStatus();
  }

 private:
  void GatherReal(int64_t first, int64_t count) {
    const T* in = static_cast<const T*>(in_) + first * d_.in_distance;
    if (count < 2 * kLanes) std::fill(data_.begin(), data_.end(), LaneComplex<T>{});
    for (int64_t t = 0; t < d_.n; ++t) {
      const T* at = in + t * d_.in_stride;
      for (int64_t i = 0; i < count; ++i) {
        T* part = i % 2 == 0 ? data_[t].re : data_[t].im;
        part[i / 2] = at[i * d_.in_distance];
      }
    }
  }

  void ScatterReal(int64_t first, int64_t count) {
    Complex* out = out_ + first * d_.out_distance;
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
    if (count < kLanes) std::fill(data_.begin(), data_.end(), LaneComplex<T>{});
    for (int64_t t = 0; t < d_.n; ++t) {
      const Complex* at = in + t * d_.in_stride;
      for (int64_t i = 0; i < count; ++i) {
        data_[t].re[i] = at[i * d_.in_distance].real();
        data_[t].im[i] = at[i * d_.in_distance].imag();
      }
    }
  }

  void ScatterComplex(int64_t first, int64_t count) {
    Complex* out = out_ + first * d_.out_distance;
    for (int64_t k = 0; k < d_.n; ++k) {
      Complex* at = out + k * d_.out_stride;
      for (int64_t i = 0; i < count; ++i) {
        at[i * d_.out_distance] = Complex(data_[k].re[i], data_[k].im[i]);
      }
    }
  }

  const FftDescription d_;
  const void* const in_;
  Complex* const out_;
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
