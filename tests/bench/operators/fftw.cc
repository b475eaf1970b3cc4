// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/operators/fftw.h"

#include <dlfcn.h>

#include "absl/strings/str_cat.h"
#include "tests/bench/operators/subject.h"

namespace basisbench {
namespace {

constexpr char kLibrary[] = "libfftw3f.so.3";
constexpr unsigned kMeasure = 0;  // FFTW_MEASURE

struct Functions {
  using ManyReal = void* (*)(int rank, const int* n, int count, float* in, const int* in_embed,
                             int in_stride, int in_distance, float* out, const int* out_embed,
                             int out_stride, int out_distance, unsigned flags);
  ManyReal to_spectra, to_rows;
  void* (*many_complex)(int rank, const int* n, int count, float* in, const int* in_embed,
                        int in_stride, int in_distance, float* out, const int* out_embed,
                        int out_stride, int out_distance, int sign, unsigned flags);
  void* (*complex)(int n, float* in, float* out, int sign, unsigned flags);
  void* (*real)(int n, float* in, float* out, int kind, unsigned flags);
  void (*execute)(void* plan);
  void (*execute_real)(void* plan, float* in, float* out);
  void (*destroy)(void* plan);
};

template <typename Function>
void Find(void* library, const char* symbol, Function* function) {
  *function = reinterpret_cast<Function>(dlsym(library, symbol));
  if (*function == nullptr)
    Expect(absl::UnavailableError(absl::StrCat(kLibrary, " has no function ", symbol)));
}

Functions Load() {
  void* library = dlopen(kLibrary, RTLD_NOW);
  if (library == nullptr)
    Expect(absl::UnavailableError(absl::StrCat("cannot load ", kLibrary, ": ", dlerror())));
  Functions f;
  Find(library, "fftwf_plan_many_dft_r2c", &f.to_spectra);
  Find(library, "fftwf_plan_many_dft_c2r", &f.to_rows);
  Find(library, "fftwf_plan_many_dft", &f.many_complex);
  Find(library, "fftwf_plan_dft_1d", &f.complex);
  Find(library, "fftwf_plan_r2r_1d", &f.real);
  Find(library, "fftwf_execute", &f.execute);
  Find(library, "fftwf_execute_r2r", &f.execute_real);
  Find(library, "fftwf_destroy_plan", &f.destroy);
  return f;
}

const Functions& Fftw() {
  static const Functions functions = Load();
  return functions;
}

FftwHandle Planned(void* plan, int64_t n) {
  if (plan == nullptr) Expect(absl::InternalError(absl::StrCat("FFTW has no plan for ", n)));
  return std::make_shared<FftwTransform>(plan);
}

FftwHandle PlanMany(Functions::ManyReal plan, int64_t n, const FftwVectors& v, float* in,
                    int64_t in_distance, float* out, int64_t out_distance) {
  const int length = static_cast<int>(n), stride = static_cast<int>(v.stride);
  return Planned(plan(1, &length, static_cast<int>(v.count), in, nullptr, stride,
                      static_cast<int>(in_distance), out, nullptr, stride,
                      static_cast<int>(out_distance), kMeasure),
                 n);
}

int64_t SpectrumDistance(const FftwVectors& v) {
  return v.spectrum_distance > 0 ? v.spectrum_distance : v.distance;
}

}  // namespace

FftwTransform::~FftwTransform() { Fftw().destroy(plan_); }
void FftwTransform::Run() const { Fftw().execute(plan_); }
void FftwTransform::Run(const float* in, float* out) const {
  Fftw().execute_real(plan_, const_cast<float*>(in), out);
}

FftwHandle PlanToSpectra(int64_t n, const FftwVectors& v, float* in, float* spectra) {
  return PlanMany(Fftw().to_spectra, n, v, in, v.distance, spectra, SpectrumDistance(v));
}

FftwHandle PlanToRows(int64_t n, const FftwVectors& v, float* spectra, float* out) {
  return PlanMany(Fftw().to_rows, n, v, spectra, SpectrumDistance(v), out, v.distance);
}

FftwHandle PlanComplex(int64_t n, bool inverse, float* data) {
  return Planned(Fftw().complex(static_cast<int>(n), data, data, inverse ? 1 : -1, kMeasure), n);
}

FftwHandle PlanColumns(int64_t n, int64_t columns, float* data) {
  const int length = static_cast<int>(n), stride = static_cast<int>(columns);
  return Planned(Fftw().many_complex(1, &length, stride, data, nullptr, stride, 1, data, nullptr,
                                     stride, 1, -1, kMeasure),
                 n);
}

FftwHandle PlanReal(int64_t n, FftwKind kind, float* in, float* out) {
  return Planned(Fftw().real(static_cast<int>(n), in, out, static_cast<int>(kind), kMeasure), n);
}

}  // namespace basisbench
