// SPDX-License-Identifier: Apache-2.0
// FFTW in single precision as a user calls it, loaded at run time so that peers do not depend on
// how the project is built. Plans are made with FFTW_MEASURE for one thread. Not thread-safe;
// whatever fails ends the program.
#pragma once

#include <cstdint>
#include <memory>

namespace basisbench {

// A prepared transform of the buffers it was made for.
class FftwTransform {
 public:
  explicit FftwTransform(void* plan) : plan_(plan) {}
  FftwTransform(const FftwTransform&) = delete;
  FftwTransform& operator=(const FftwTransform&) = delete;
  ~FftwTransform();
  void Run() const;
  // Of real to real transforms, on other buffers of the same alignment.
  void Run(const float* in, float* out) const;

 private:
  void* const plan_;
};
using FftwHandle = std::shared_ptr<FftwTransform>;

// How vectors lie: element i of vector v at i * stride + v * distance. Spectra may have a distance
// of their own.
struct FftwVectors {
  int64_t count = 1, stride = 1, distance = 1;
  int64_t spectrum_distance = 0;
};

enum class FftwKind {
  kHartley = 2,
  kCosineInverse = 4,
  kCosine = 5
};  // FFTW_DHT, REDFT01, REDFT10

// Complex numbers are interleaved pairs. Planning overwrites the buffers.
FftwHandle PlanToSpectra(int64_t n, const FftwVectors& vectors, float* in, float* spectra);
FftwHandle PlanToRows(int64_t n, const FftwVectors& vectors, float* spectra, float* out);
FftwHandle PlanComplex(int64_t n, bool inverse, float* data);
FftwHandle PlanColumns(int64_t n, int64_t columns, float* data);  // forward, in place
FftwHandle PlanReal(int64_t n, FftwKind kind, float* in, float* out);

}  // namespace basisbench
