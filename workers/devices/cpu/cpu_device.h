// SPDX-License-Identifier: Apache-2.0
// The CPU as a device: OpenBLAS (loaded at run time with the kernel set that fits this CPU), FFTW
// or the built-in transform, and own vectorised stage kernels.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "workers/devices/device.h"

namespace basisbench {

struct CpuOptions {
  int threads = 1;           // threads of GEMM and FFT
  int64_t memory_limit = 0;  // bytes; 0: none
  bool time_ffts = true;     // choose among variants of a transform by timing them, when planning
};

// UNAVAILABLE naming the library when OpenBLAS cannot be loaded.
absl::StatusOr<std::unique_ptr<Device>> MakeCpuDevice(const CpuOptions& options);

}  // namespace basisbench
