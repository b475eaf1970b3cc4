// SPDX-License-Identifier: Apache-2.0
// What operators are held against on a GPU, on the operands of their plans or as many: issued on
// the same stream. Whatever an issue works on lives as long as it does. One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/bench/gpu/best_gemm.h"
#include "tests/bench/gpu/gpu_lines.h"
#include "tests/bench/gpu/gpu_subject.h"

namespace basisbench {

struct IssuedPeer {
  std::string name;
  std::vector<Issue> issues;
  // Where the first leaves the operator's result, without gaps; null where it is another.
  const void* y = nullptr;
};

absl::StatusOr<IssuedPeer> MakeGpuPeer(GpuPeer peer, std::shared_ptr<GpuSubject> subject,
                                       BenchGpu& gpu);

// Copies of so many bytes each, in turns.
absl::StatusOr<IssuedPeer> CopyOf(BenchGpu& gpu, int64_t bytes);

// A square product that is as fast as the GPU can be, and its FLOPs.
struct SquareRoof {
  std::vector<Issue> issues;
  double flops = 0;
};
absl::StatusOr<SquareRoof> MakeSquareRoof(BenchGpu& gpu, Dtype dtype);

}  // namespace basisbench
