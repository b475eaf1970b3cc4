// SPDX-License-Identifier: Apache-2.0
// A product described to cuBLASLt, with the algorithms it proposes. Matrices are the library's:
// column after column. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "workers/devices/cuda/handles.h"

namespace basisbench {

using LtHandle = Handle<cublasLtHandle_t, CublasLtApi, &CublasLtApi::Destroy>;

// Where the library works, and on what stream.
struct LtPlace {
  CublasLtApi* api = nullptr;
  cublasLtHandle_t handle = nullptr;
  void* workspace = nullptr;
  int64_t workspace_bytes = 0;
  cudaStream_t stream = nullptr;
};

// As stored. The alignment, in bytes, holds for every matrix of a batch.
struct LtMatrix {
  cudaDataType type = CUDA_R_32F;
  int64_t rows = 0, cols = 0, leading = 0, stride = 0;
  uint32_t alignment = 16;
};

// C = alpha op(A) op(B) + beta C.
struct LtProduct {
  cublasComputeType_t compute = CUBLAS_COMPUTE_32F;
  cudaDataType scalars = CUDA_R_32F;  // type of alpha and beta
  bool transpose_a = false, transpose_b = false;
  LtMatrix a, b, c;
  int64_t batch = 1;
  // In device memory: what all elements of an operand are multiplied with; null: nothing.
  const void *a_scale = nullptr, *b_scale = nullptr;
};

// In host memory the scalars, in device memory the matrices.
struct LtOperands {
  const void *alpha = nullptr, *a = nullptr, *b = nullptr, *beta = nullptr, *c = nullptr;
  void* d = nullptr;  // the result, laid out as C
};

// An algorithm and how it was found.
struct LtChoice {
  cublasLtMatmulAlgo_t algorithm{};
  size_t workspace_bytes = 0, proposed = 0, timed = 0;
};

class LtMatmul {
 public:
  static absl::StatusOr<LtMatmul> Make(const LtPlace& place, const LtProduct& product);

  // The fastest of the library's first few proposals, each tried on `trial`, which waits for the
  // stream; without a runtime the first. UNIMPLEMENTED naming `what` where the library has nothing.
  absl::StatusOr<LtChoice> Choose(absl::string_view what, CudaRuntimeApi* runtime,
                                  const LtOperands& trial) const;

  // Does not wait.
  absl::Status Launch(const cublasLtMatmulAlgo_t& algorithm, const LtOperands& operands) const;

  // "algorithm 66, tile 20, stages 35, split 1; 4 of 8 proposals timed; 1024 bytes of workspace",
  // the library's numbers.
  std::string Describe(const LtChoice& choice) const;

 private:
  using Operation = Handle<cublasLtMatmulDesc_t, CublasLtApi, &CublasLtApi::MatmulDescDestroy>;
  using Layout = Handle<cublasLtMatrixLayout_t, CublasLtApi, &CublasLtApi::MatrixLayoutDestroy>;

  LtMatmul(const LtPlace& place, const LtProduct& product) : place_(place), product_(product) {}
  absl::Status DescribeOperation();
  absl::StatusOr<Layout> MakeLayout(const LtMatrix& matrix) const;
  absl::StatusOr<std::vector<cublasLtMatmulHeuristicResult_t>> Propose() const;
  absl::StatusOr<float> Time(CudaRuntimeApi& runtime, const cublasLtMatmulAlgo_t& algorithm,
                             const LtOperands& trial) const;

  LtPlace place_;
  LtProduct product_;
  Operation operation_;
  Layout a_, b_, c_;
};

}  // namespace basisbench
