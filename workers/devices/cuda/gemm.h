// SPDX-License-Identifier: Apache-2.0
// Batched strided GEMM by cuBLASLt. For each new shape the library proposes algorithms; the best
// few are timed once, and the fastest is kept. That first call waits for the GPU; later ones only
// launch. f32 is f32 throughout unless TF32 is allowed; the halves add up in f32. One thread.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "workers/devices/cuda/handles.h"
#include "workers/devices/cuda/pool.h"
#include "workers/devices/device.h"

namespace basisbench {

struct CudaGemmOptions {
  bool allow_tf32 = false;      // f32 products in TF32: ten bits of fraction
  bool time_algorithms = true;  // otherwise the library's first proposal
};

class CudaGemm {
 public:
  static absl::StatusOr<std::unique_ptr<CudaGemm>> Make(const CudaApi& api, cudaStream_t stream,
                                                        CudaPool& pool,
                                                        const CudaGemmOptions& options);

  // `args` has passed CheckGemm, none of m, n, k and batch is 0. UNIMPLEMENTED naming the shape
  // where the library has nothing for it.
  absl::Status Run(const GemmArgs& args);

 private:
  using LtHandle = Handle<cublasLtHandle_t, CublasLtApi, &CublasLtApi::Destroy>;
  using Operation = Handle<cublasLtMatmulDesc_t, CublasLtApi, &CublasLtApi::MatmulDescDestroy>;
  using Layout = Handle<cublasLtMatrixLayout_t, CublasLtApi, &CublasLtApi::MatrixLayoutDestroy>;

  // Everything the choice of an algorithm may depend on.
  struct Shape {
    Dtype dtype;
    bool transpose_a, transpose_b, reads_c;
    int64_t m, n, k, lda, ldb, ldc, stride_a, stride_b, stride_c, batch;
    uint32_t align_a, align_b, align_c;
    auto operator<=>(const Shape&) const = default;
  };
  // `left` and `right` in the library's order; see gemm.cc.
  struct Prepared {
    Operation operation;
    Layout left, right, c;
    cublasLtMatmulAlgo_t algorithm{};
  };

  CudaGemm(const CudaApi& api, cudaStream_t stream, CudaPool& pool, const CudaGemmOptions& options)
      : api_(api), stream_(stream), pool_(pool), options_(options) {}

  static Shape ShapeOf(const GemmArgs& args);
  absl::StatusOr<Layout> MakeLayout(Dtype dtype, int64_t rows, int64_t cols, int64_t leading,
                                    int64_t batch, int64_t stride);
  absl::StatusOr<Prepared> Describe(const Shape& shape);
  absl::StatusOr<std::unique_ptr<Prepared>> Prepare(const Shape& shape, const GemmArgs& args);
  absl::Status Propose(const Shape& shape, const Prepared& prepared,
                       std::vector<cublasLtMatmulAlgo_t>& algorithms);
  absl::StatusOr<float> Time(const Prepared& prepared, const GemmArgs& args,
                             const cublasLtMatmulAlgo_t& algorithm, void* d);
  absl::Status Launch(const Prepared& prepared, const GemmArgs& args,
                      const cublasLtMatmulAlgo_t& algorithm, void* d);

  const CudaApi api_;
  const cudaStream_t stream_;
  CudaPool& pool_;
  const CudaGemmOptions options_;
  LtHandle handle_;
  Buffer workspace_;
  std::map<Shape, std::unique_ptr<Prepared>> prepared_;
};

}  // namespace basisbench
