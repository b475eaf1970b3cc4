// SPDX-License-Identifier: Apache-2.0
// The Fourier transforms of the CPU device. CMake picks the file that defines these: fftw_fft.cc,
// or builtin_fft.cc when BASISBENCH_FFTW is off. Making is thread-safe; one plan belongs to one
// thread.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "workers/devices/device.h"

namespace basisbench {

// May overwrite both buffers while it tries variants; executing leaves `in` as it was unless it is
// `out` or the output is real.
// `time_variants` chooses among FFTW's by timing them, which takes a while; otherwise by a guess.
struct FftPlanning {
  int threads = 1;
  bool time_variants = true;
};
absl::StatusOr<std::unique_ptr<FftPlan>> MakeHostFft(const FftDescription& description,
                                                     const FftPlanning& planning, void* in,
                                                     void* out);

// {"FFTW", version} or {"FFT", "built-in"}.
std::pair<std::string, std::string> HostFftLibrary();

}  // namespace basisbench
