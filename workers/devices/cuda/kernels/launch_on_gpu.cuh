// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include "services/base/status_macros.h"
#include "workers/devices/cuda/check.h"

namespace basisbench::kernels {

template <typename Program>
__global__ void __launch_bounds__(Program::kMostThreads)
    RunProgram(const __grid_constant__ Program program) {
  extern __shared__ __align__(16) unsigned char shared[];
  typename Program::State state;
  const Place at{static_cast<int64_t>(blockIdx.x), static_cast<int>(threadIdx.x)};
  auto* bytes = reinterpret_cast<std::byte*>(shared);
  program.Run(0, at, state, bytes);
  for (int phase = 1; phase < program.Phases(); ++phase) {
    __syncthreads();
    program.Run(phase, at, state, bytes);
  }
}

// Without asking for it, a kernel gets no more shared memory than this.
inline constexpr int64_t kOrdinaryShared = 48 << 10;

template <typename Program>
absl::Status Launch(const Queue& queue, const Program& program) {
  const int64_t blocks = program.Blocks();
  if (blocks == 0) return absl::OkStatus();
  const auto bytes = static_cast<int>(program.SharedBytes());
  if (bytes > kOrdinaryShared) {
    BB_RETURN_IF_ERROR(
        CheckCuda(cudaFuncSetAttribute(RunProgram<Program>,
                                       cudaFuncAttributeMaxDynamicSharedMemorySize, bytes),
                  "cudaFuncSetAttribute"));
  }
  RunProgram<Program><<<static_cast<unsigned>(blocks), program.Threads(), bytes,
                        static_cast<cudaStream_t>(queue.stream)>>>(program);
  return CheckCuda(cudaGetLastError(), "kernel launch");
}

}  // namespace basisbench::kernels
