// SPDX-License-Identifier: Apache-2.0
// What ranks compute on and talk through, by the names that jobs, cases, workers and metrics use: a
// device, an underscore, a transport. A worker offers the backends of one device only.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace basisbench {

inline constexpr char kCpuMpi[] = "cpu_mpi";
inline constexpr char kCudaNccl[] = "cuda_nccl";
inline constexpr char kCudaMpi[] = "cuda_mpi";

inline constexpr char kCpuDevice[] = "cpu";
inline constexpr char kCudaDevice[] = "cuda";

inline std::vector<std::string> KnownBackends() { return {kCpuMpi, kCudaNccl, kCudaMpi}; }

// "cuda" of "cuda_nccl".
inline std::string DeviceOf(absl::string_view backend) {
  return std::string(backend.substr(0, backend.find('_')));
}

}  // namespace basisbench
