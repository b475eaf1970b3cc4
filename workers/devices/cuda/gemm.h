// SPDX-License-Identifier: Apache-2.0
// Batched strided GEMM by cuBLASLt. For each new shape the library proposes algorithms; the best
// few are timed once, and the fastest is kept. That first call waits for the GPU; later ones only
// launch. f32 is f32 throughout, tf32 are f32 operands in
// TF32; the halves add up in f32. One thread.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "workers/devices/cuda/lt_matmul.h"
#include "workers/devices/cuda/pool.h"
#include "workers/devices/device.h"

namespace basisbench {

struct CudaGemmOptions {
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

  // Every product so far, "f32 64x32x16 NT, batch 2", and what was chosen for it; see
  // LtMatmul::Describe.
  std::vector<std::pair<std::string, std::string>> Choices() const;

 private:
  // Everything the choice of an algorithm may depend on.
  struct Shape {
    Dtype dtype;
    bool transpose_a, transpose_b, reads_c;
    int64_t m, n, k, lda, ldb, ldc, stride_a, stride_b, stride_c, batch;
    uint32_t align_a, align_b, align_c;
    auto operator<=>(const Shape&) const = default;
  };
  struct Prepared {
    LtMatmul matmul;
    LtChoice choice;
  };

  CudaGemm(const CudaApi& api, cudaStream_t stream, CudaPool& pool, const CudaGemmOptions& options)
      : api_(api), stream_(stream), pool_(pool), options_(options) {}

  static Shape ShapeOf(const GemmArgs& args);
  static std::string NameOf(const Shape& shape);
  static LtProduct ProductOf(const Shape& shape);
  absl::StatusOr<Prepared> Prepare(const Shape& shape, const GemmArgs& args);

  const CudaApi api_;
  const cudaStream_t stream_;
  CudaPool& pool_;
  const CudaGemmOptions options_;
  LtHandle handle_;
  Buffer workspace_;
  std::map<Shape, Prepared> prepared_;
};

}  // namespace basisbench
