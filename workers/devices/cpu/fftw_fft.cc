// SPDX-License-Identifier: Apache-2.0
#include "workers/devices/cpu/fft.h"

#include <fftw3.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "services/base/status_macros.h"
#include "workers/devices/checks.h"
#include "workers/devices/cpu/simd_kernels.h"

namespace basisbench {
namespace {

// FFTW's planner is one per process and not thread-safe; only executing is.
absl::Mutex planner_mutex(absl::kConstInit);

struct Single {
  using Real = float;
  using Complex = fftwf_complex;
  using Handle = fftwf_plan;
  static constexpr auto kExecute = fftwf_execute;
  static constexpr auto kExecuteComplex = fftwf_execute_dft;
  static constexpr auto kAllocate = fftwf_alloc_real;
  static constexpr auto kFree = fftwf_free;
  static constexpr auto kDestroy = fftwf_destroy_plan;
  static constexpr auto kInitThreads = fftwf_init_threads;
  static constexpr auto kSetThreads = fftwf_plan_with_nthreads;
  static constexpr auto kPlanReal = fftwf_plan_guru64_dft_r2c;
  static constexpr auto kPlanToReal = fftwf_plan_guru64_dft_c2r;
  static constexpr auto kPlanComplex = fftwf_plan_guru64_dft;
};

struct Double {
  using Real = double;
  using Complex = fftw_complex;
  using Handle = fftw_plan;
  static constexpr auto kExecute = fftw_execute;
  static constexpr auto kExecuteComplex = fftw_execute_dft;
  static constexpr auto kAllocate = fftw_alloc_real;
  static constexpr auto kFree = fftw_free;
  static constexpr auto kDestroy = fftw_destroy_plan;
  static constexpr auto kInitThreads = fftw_init_threads;
  static constexpr auto kSetThreads = fftw_plan_with_nthreads;
  static constexpr auto kPlanReal = fftw_plan_guru64_dft_r2c;
  static constexpr auto kPlanToReal = fftw_plan_guru64_dft_c2r;
  static constexpr auto kPlanComplex = fftw_plan_guru64_dft;
};

// Of plans made from now on.
template <typename Api>
void UseThreads(int threads) ABSL_EXCLUSIVE_LOCKS_REQUIRED(planner_mutex) {
  static const bool ready = Api::kInitThreads() != 0;
  if (ready) Api::kSetThreads(threads);
}

template <typename Api>
class FftwPlan : public FftPlan {
 public:
  explicit FftwPlan(typename Api::Handle handle) : handle_(handle) {}
  ~FftwPlan() override {
    absl::MutexLock lock(&planner_mutex);
    if (handle_ != nullptr) Api::kDestroy(handle_);
  }
  absl::Status Execute() override {
    if (handle_ != nullptr) Api::kExecute(handle_);
    return absl::OkStatus();
  }

 private:
  typename Api::Handle handle_;  // null when there is nothing to transform
};

// Rows of an even number of reals as half as many complex numbers, each pair of reals one, and a
// step that makes one spectrum out of the other; a row at a time, while it is in the cache. FFTW's
// own transforms of reals use fewer vector instructions.
template <typename Api>
class PackedRealPlan : public FftPlan {
 public:
  using Real = typename Api::Real;
  using Complex = typename Api::Complex;

  PackedRealPlan(const FftDescription& d, void* in, void* out)
      : d_(d),
        half_(d.n / 2),
        in_(static_cast<Real*>(in)),
        out_(static_cast<Real*>(out)),
        scratch_(Api::kAllocate(static_cast<size_t>(d.n))) {
    for (int64_t k = 0; k <= half_ / 2; ++k) {
      const double turn = 2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(d.n);
      const double scale = d.real_input ? 0.5 : 1.0, sign = d.real_input ? -1.0 : 1.0;
      turns_.push_back(static_cast<Real>(-scale * std::sin(turn)));
      turns_.push_back(static_cast<Real>(sign * scale * std::cos(turn)));
    }
  }
  ~PackedRealPlan() override {
    absl::MutexLock lock(&planner_mutex);
    if (handle_ != nullptr) Api::kDestroy(handle_);
    Api::kFree(scratch_);
  }

  // Whether transforms go this way: rows of reals that begin where FFTW's registers may.
  static bool Fits(const FftDescription& d, const FftPlanning& planning, const void* in,
                   const void* out) {
    constexpr int64_t kShortest = 16, kAlignment = 16;
    if (d.real_input == d.real_output || d.n % 2 != 0 || d.n < kShortest) return false;
    if (d.in_stride != 1 || d.out_stride != 1 || planning.threads != 1) return false;
    const auto begin = reinterpret_cast<uintptr_t>(d.real_input ? in : out);
    const int64_t distance = d.real_input ? d.in_distance : d.out_distance;
    return begin % kAlignment == 0 &&
           (d.howmany == 1 || distance * static_cast<int64_t>(sizeof(Real)) % kAlignment == 0);
  }

  bool Prepare(unsigned effort) ABSL_EXCLUSIVE_LOCKS_REQUIRED(planner_mutex) {
    UseThreads<Api>(1);
    const fftw_iodim64 pairs{half_, 1, 1};
    handle_ = Api::kPlanComplex(1, &pairs, 0, nullptr, AsComplex(d_.real_input ? in_ : scratch_),
                                AsComplex(d_.real_input ? scratch_ : out_),
                                d_.inverse ? FFTW_BACKWARD : FFTW_FORWARD, effort);
    return handle_ != nullptr;
  }

  absl::Status Execute() override {
    for (int64_t row = 0; row < d_.howmany; ++row) {
      d_.real_input ? ToSpectrum(in_ + row * d_.in_distance, out_ + 2 * row * d_.out_distance)
                    : ToReals(in_ + 2 * row * d_.in_distance, out_ + row * d_.out_distance);
    }
    return absl::OkStatus();
  }

 private:
  static Complex* AsComplex(Real* x) { return reinterpret_cast<Complex*>(x); }

  void ToSpectrum(Real* from, Real* to) {
    Api::kExecuteComplex(handle_, AsComplex(from), AsComplex(scratch_));
    const Real re = scratch_[0], im = scratch_[1];
    to[0] = re + im, to[1] = 0;
    to[2 * half_] = re - im, to[2 * half_ + 1] = 0;
    BestKernels().Of<Real>().real_spectrum(half_, Real(0.5), turns_.data(), scratch_, to);
  }
  void ToReals(const Real* from, Real* to) {
    const Real first = from[0], last = from[2 * half_];
    scratch_[0] = first + last, scratch_[1] = first - last;
    BestKernels().Of<Real>().real_spectrum(half_, Real(1), turns_.data(), from, scratch_);
    Api::kExecuteComplex(handle_, AsComplex(scratch_), AsComplex(to));
  }

  const FftDescription d_;
  const int64_t half_;
  Real *const in_, *const out_, *const scratch_;
  std::vector<Real> turns_;
  typename Api::Handle handle_ = nullptr;
};

unsigned EffortOf(const FftPlanning& planning) {
  return planning.time_variants ? FFTW_MEASURE : FFTW_ESTIMATE;
}

template <typename Api>
typename Api::Handle MakeHandle(const FftDescription& d, const FftPlanning& planning, void* in,
                                void* out) ABSL_EXCLUSIVE_LOCKS_REQUIRED(planner_mutex) {
  UseThreads<Api>(planning.threads);
  const fftw_iodim64 length{d.n, d.in_stride, d.out_stride};
  const fftw_iodim64 batch{d.howmany, d.in_distance, d.out_distance};
  using Real = typename Api::Real;
  using Complex = typename Api::Complex;
  if (d.real_input) {
    return Api::kPlanReal(1, &length, 1, &batch, static_cast<Real*>(in), static_cast<Complex*>(out),
                          EffortOf(planning));
  }
  if (d.real_output) {
    return Api::kPlanToReal(1, &length, 1, &batch, static_cast<Complex*>(in),
                            static_cast<Real*>(out), EffortOf(planning));
  }
  return Api::kPlanComplex(1, &length, 1, &batch, static_cast<Complex*>(in),
                           static_cast<Complex*>(out), d.inverse ? FFTW_BACKWARD : FFTW_FORWARD,
                           EffortOf(planning));
}

template <typename Api>
absl::StatusOr<std::unique_ptr<FftPlan>> MakeFftw(const FftDescription& d,
                                                  const FftPlanning& planning, void* in,
                                                  void* out) {
  if (d.howmany == 0) return std::make_unique<FftwPlan<Api>>(nullptr);
  typename Api::Handle handle;
  if (PackedRealPlan<Api>::Fits(d, planning, in, out)) {
    auto plan = std::make_unique<PackedRealPlan<Api>>(d, in, out);
    absl::MutexLock lock(&planner_mutex);
    if (plan->Prepare(EffortOf(planning))) return plan;
  }
  {
    absl::MutexLock lock(&planner_mutex);
    handle = MakeHandle<Api>(d, planning, in, out);
  }
  if (handle == nullptr) {
    return absl::InternalError(
        absl::StrCat("FFTW has no plan for length ", d.n, " with howmany = ", d.howmany));
  }
  return std::make_unique<FftwPlan<Api>>(handle);
}

}  // namespace

absl::StatusOr<std::unique_ptr<FftPlan>> MakeHostFft(const FftDescription& description,
                                                     const FftPlanning& planning, void* in,
                                                     void* out) {
  BB_RETURN_IF_ERROR(CheckFft(description));
  if (description.dtype == Dtype::kF32) return MakeFftw<Single>(description, planning, in, out);
  return MakeFftw<Double>(description, planning, in, out);
}

std::pair<std::string, std::string> HostFftLibrary() { return {"FFTW", fftwf_version}; }

}  // namespace basisbench
