// SPDX-License-Identifier: Apache-2.0
#include "workers/devices/cpu/fft.h"

#include <fftw3.h>

#include <type_traits>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "services/base/status_macros.h"

namespace basisbench {
namespace {

// FFTW's planner is one per process and not thread-safe; only executing is.
absl::Mutex planner_mutex(absl::kConstInit);

struct Single {
  using Real = float;
  using Complex = fftwf_complex;
  using Handle = fftwf_plan;
  static constexpr auto kExecute = fftwf_execute;
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
  static constexpr auto kDestroy = fftw_destroy_plan;
  static constexpr auto kInitThreads = fftw_init_threads;
  static constexpr auto kSetThreads = fftw_plan_with_nthreads;
  static constexpr auto kPlanReal = fftw_plan_guru64_dft_r2c;
  static constexpr auto kPlanToReal = fftw_plan_guru64_dft_c2r;
  static constexpr auto kPlanComplex = fftw_plan_guru64_dft;
};

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

template <typename Api>
typename Api::Handle MakeHandle(const FftDescription& d, const FftPlanning& planning, void* in,
                                void* out) ABSL_EXCLUSIVE_LOCKS_REQUIRED(planner_mutex) {
  static const bool threads_ready = Api::kInitThreads() != 0;
  if (threads_ready) Api::kSetThreads(planning.threads);
  const fftw_iodim64 length{d.n, d.in_stride, d.out_stride};
  const fftw_iodim64 batch{d.howmany, d.in_distance, d.out_distance};
  const unsigned effort = planning.time_variants ? FFTW_MEASURE : FFTW_ESTIMATE;
  using Real = typename Api::Real;
  using Complex = typename Api::Complex;
  if (d.real_input) {
    return Api::kPlanReal(1, &length, 1, &batch, static_cast<Real*>(in), static_cast<Complex*>(out),
                          effort);
  }
  if (d.real_output) {
    return Api::kPlanToReal(1, &length, 1, &batch, static_cast<Complex*>(in),
                            static_cast<Real*>(out), effort);
  }
  return Api::kPlanComplex(1, &length, 1, &batch, static_cast<Complex*>(in),
                           static_cast<Complex*>(out), d.inverse ? FFTW_BACKWARD : FFTW_FORWARD,
                           effort);
}

template <typename Api>
absl::StatusOr<std::unique_ptr<FftPlan>> MakeFftw(const FftDescription& d,
                                                  const FftPlanning& planning, void* in,
                                                  void* out) {
  if (d.howmany == 0) return std::make_unique<FftwPlan<Api>>(nullptr);
  typename Api::Handle handle;
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
