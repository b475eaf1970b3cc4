// SPDX-License-Identifier: Apache-2.0
// C = A B by the fastest algorithm that cuBLASLt has for it: every one it proposes is timed. Apart
// from the device's own choice, which this is what is held against. One thread.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "tests/bench/gpu/recorded.h"
#include "workers/devices/cuda/handles.h"

namespace basisbench {

// Row-major without gaps: A is m x k, B is k x n.
struct GemmSize {
  Dtype dtype = Dtype::kF32;
  int64_t m = 0, n = 0, k = 0;
};

class BestGemm {
 public:
  // Tries them on the given memory.
  static absl::StatusOr<std::shared_ptr<BestGemm>> Make(BenchGpu& gpu, const GemmSize& size,
                                                        const void* a, const void* b, void* c);

  // Put on the stream.
  absl::Status Run(const void* a, const void* b, void* c);

  // Algorithms that ran.
  int tried() const { return tried_; }

 private:
  using LtHandle = Handle<cublasLtHandle_t, CublasLtApi, &CublasLtApi::Destroy>;
  using Operation = Handle<cublasLtMatmulDesc_t, CublasLtApi, &CublasLtApi::MatmulDescDestroy>;
  using Layout = Handle<cublasLtMatrixLayout_t, CublasLtApi, &CublasLtApi::MatrixLayoutDestroy>;

  explicit BestGemm(BenchGpu& gpu) : gpu_(gpu) {}
  absl::Status Describe(const GemmSize& size);
  absl::Status Choose(const void* a, const void* b, void* c);
  absl::StatusOr<double> Time(const cublasLtMatmulAlgo_t& algorithm, const void* a, const void* b,
                              void* c);
  absl::Status Launch(const cublasLtMatmulAlgo_t& algorithm, const void* a, const void* b, void* c);

  BenchGpu& gpu_;
  LtHandle handle_;
  Operation operation_;
  Layout a_, b_, c_;
  Buffer workspace_;
  bool wide_ = false;  // alpha and beta in f64
  cublasLtMatmulAlgo_t best_{};
  int tried_ = 0;
};

}  // namespace basisbench
