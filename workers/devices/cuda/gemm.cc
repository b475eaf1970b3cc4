// SPDX-License-Identifier: Apache-2.0
// The library thinks in columns: what is row-major here is the transpose there. So C^T = op(B)^T
// op(A)^T is computed: B comes first, n and m change places, and nothing is moved.
#include "workers/devices/cuda/gemm.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/devices/checks.h"

namespace basisbench {
namespace {

// What NVIDIA advises for Hopper.
constexpr int64_t kWorkspaceBytes = int64_t{32} << 20;
constexpr int kProposals = 8, kTimed = 4, kRuns = 3;
constexpr uint32_t kMostAlignment = 256;

cudaDataType TypeOf(Dtype dtype) {
  switch (dtype) {
    case Dtype::kF32:
      return CUDA_R_32F;
    case Dtype::kF64:
      return CUDA_R_64F;
    case Dtype::kBf16:
      return CUDA_R_16BF;
    default:
      return CUDA_R_16F;
  }
}

cublasComputeType_t ComputeOf(Dtype dtype, bool allow_tf32) {
  if (dtype == Dtype::kF64) return CUBLAS_COMPUTE_64F;
  return dtype == Dtype::kF32 && allow_tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
}

// Of every matrix of a batch.
uint32_t AlignmentOf(const void* data, int64_t stride_bytes) {
  const auto bits = reinterpret_cast<uintptr_t>(data) | static_cast<uintptr_t>(stride_bytes);
  uint32_t alignment = kMostAlignment;
  while (bits % alignment != 0) alignment /= 2;
  return alignment;
}

// alpha or beta in the type the library reads it in.
struct Scalar {
  Scalar(Dtype dtype, double value) : in_f64(value), in_f32(static_cast<float>(value)) {
    data = dtype == Dtype::kF64 ? static_cast<const void*>(&in_f64) : &in_f32;
  }
  Scalar(const Scalar&) = delete;
  Scalar& operator=(const Scalar&) = delete;
  double in_f64;
  float in_f32;
  const void* data;
};

// Elements from the first to the last of C.
int64_t SpanOfC(const GemmArgs& args) {
  return (args.batch - 1) * args.stride_c + (args.m - 1) * args.ldc + args.n;
}

}  // namespace

absl::StatusOr<std::unique_ptr<CudaGemm>> CudaGemm::Make(const CudaApi& api, cudaStream_t stream,
                                                         CudaPool& pool,
                                                         const CudaGemmOptions& options) {
  auto gemm = std::unique_ptr<CudaGemm>(new CudaGemm(api, stream, pool, options));
  cublasLtHandle_t handle = nullptr;
  BB_RETURN_IF_ERROR(CheckCublas(api.blas->Create(&handle), "cublasLtCreate"));
  gemm->handle_ = LtHandle(handle, {api.blas});
  BB_ASSIGN_OR_RETURN(gemm->workspace_, pool.Allocate(kWorkspaceBytes));
  return gemm;
}

absl::Status CudaGemm::Run(const GemmArgs& args) {
  GemmArgs merged = MergeBatch(args);
  merged.lda = FullLeading(merged.lda, args.transpose_a == Transpose::kYes ? merged.m : merged.k);
  merged.ldb = FullLeading(merged.ldb, args.transpose_b == Transpose::kYes ? merged.k : merged.n);
  merged.ldc = FullLeading(merged.ldc, merged.n);
  const Shape shape = ShapeOf(merged);
  auto found = prepared_.find(shape);
  if (found == prepared_.end()) {
    BB_ASSIGN_OR_RETURN(std::unique_ptr<Prepared> prepared, Prepare(shape, merged));
    found = prepared_.emplace(shape, std::move(prepared)).first;
  }
  return Launch(*found->second, merged, found->second->algorithm, merged.c);
}

CudaGemm::Shape CudaGemm::ShapeOf(const GemmArgs& args) {
  const int64_t size = DtypeSize(args.dtype);
  const int64_t batched = args.batch > 1 ? size : 0;
  return {args.dtype,
          args.transpose_a == Transpose::kYes,
          args.transpose_b == Transpose::kYes,
          args.beta != 0,
          args.m,
          args.n,
          args.k,
          args.lda,
          args.ldb,
          args.ldc,
          args.stride_a,
          args.stride_b,
          args.stride_c,
          args.batch,
          AlignmentOf(args.a, args.stride_a * batched),
          AlignmentOf(args.b, args.stride_b * batched),
          AlignmentOf(args.c, args.stride_c * batched)};
}

absl::StatusOr<CudaGemm::Layout> CudaGemm::MakeLayout(Dtype dtype, int64_t rows, int64_t cols,
                                                      int64_t leading, int64_t batch,
                                                      int64_t stride) {
  cublasLtMatrixLayout_t layout = nullptr;
  BB_RETURN_IF_ERROR(
      CheckCublas(api_.blas->MatrixLayoutCreate(&layout, TypeOf(dtype), static_cast<uint64_t>(rows),
                                                static_cast<uint64_t>(cols), leading),
                  "cublasLtMatrixLayoutCreate"));
  Layout owned(layout, {api_.blas});
  const auto count = static_cast<int32_t>(batch);
  BB_RETURN_IF_ERROR(
      CheckCublas(api_.blas->MatrixLayoutSetAttribute(layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT,
                                                      &count, sizeof(count)),
                  "cublasLtMatrixLayoutSetAttribute(BATCH_COUNT)"));
  BB_RETURN_IF_ERROR(
      CheckCublas(api_.blas->MatrixLayoutSetAttribute(
                      layout, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &stride, sizeof(stride)),
                  "cublasLtMatrixLayoutSetAttribute(STRIDED_BATCH_OFFSET)"));
  return owned;
}

absl::StatusOr<CudaGemm::Prepared> CudaGemm::Describe(const Shape& shape) {
  Prepared prepared;
  cublasLtMatmulDesc_t operation = nullptr;
  const cudaDataType scale = shape.dtype == Dtype::kF64 ? CUDA_R_64F : CUDA_R_32F;
  BB_RETURN_IF_ERROR(CheckCublas(
      api_.blas->MatmulDescCreate(&operation, ComputeOf(shape.dtype, options_.allow_tf32), scale),
      "cublasLtMatmulDescCreate"));
  prepared.operation = Operation(operation, {api_.blas});
  const cublasOperation_t left = shape.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N;
  const cublasOperation_t right = shape.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N;
  BB_RETURN_IF_ERROR(CheckCublas(api_.blas->MatmulDescSetAttribute(
                                     operation, CUBLASLT_MATMUL_DESC_TRANSA, &left, sizeof(left)),
                                 "cublasLtMatmulDescSetAttribute(TRANSA)"));
  BB_RETURN_IF_ERROR(CheckCublas(api_.blas->MatmulDescSetAttribute(
                                     operation, CUBLASLT_MATMUL_DESC_TRANSB, &right, sizeof(right)),
                                 "cublasLtMatmulDescSetAttribute(TRANSB)"));
  // Stored sizes, read as columns: a row-major matrix has its row length first.
  const bool ta = shape.transpose_a, tb = shape.transpose_b;
  BB_ASSIGN_OR_RETURN(prepared.left,
                      MakeLayout(shape.dtype, tb ? shape.k : shape.n, tb ? shape.n : shape.k,
                                 shape.ldb, shape.batch, shape.stride_b));
  BB_ASSIGN_OR_RETURN(prepared.right,
                      MakeLayout(shape.dtype, ta ? shape.m : shape.k, ta ? shape.k : shape.m,
                                 shape.lda, shape.batch, shape.stride_a));
  BB_ASSIGN_OR_RETURN(prepared.c, MakeLayout(shape.dtype, shape.n, shape.m, shape.ldc, shape.batch,
                                             shape.stride_c));
  return prepared;
}

absl::Status CudaGemm::Propose(const Shape& shape, const Prepared& prepared,
                               std::vector<cublasLtMatmulAlgo_t>& algorithms) {
  cublasLtMatmulPreference_t preference = nullptr;
  BB_RETURN_IF_ERROR(CheckCublas(api_.blas->MatmulPreferenceCreate(&preference),
                                 "cublasLtMatmulPreferenceCreate"));
  const Handle<cublasLtMatmulPreference_t, CublasLtApi, &CublasLtApi::MatmulPreferenceDestroy>
      owned(preference, {api_.blas});
  const auto workspace = static_cast<uint64_t>(workspace_.bytes());
  const auto set = [&](cublasLtMatmulPreferenceAttributes_t attribute, const auto& value) {
    return CheckCublas(
        api_.blas->MatmulPreferenceSetAttribute(preference, attribute, &value, sizeof(value)),
        "cublasLtMatmulPreferenceSetAttribute");
  };
  BB_RETURN_IF_ERROR(set(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, workspace));
  BB_RETURN_IF_ERROR(set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, shape.align_b));
  BB_RETURN_IF_ERROR(set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, shape.align_a));
  BB_RETURN_IF_ERROR(set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, shape.align_c));
  BB_RETURN_IF_ERROR(set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, shape.align_c));
  cublasLtMatmulHeuristicResult_t results[kProposals] = {};
  int returned = 0;
  const cublasStatus_t code = api_.blas->MatmulAlgoGetHeuristic(
      handle_.get(), prepared.operation.get(), prepared.left.get(), prepared.right.get(),
      prepared.c.get(), prepared.c.get(), preference, kProposals, results, &returned);
  for (int i = 0; i < returned; ++i) {
    if (results[i].state == CUBLAS_STATUS_SUCCESS) algorithms.push_back(results[i].algo);
  }
  if (!algorithms.empty()) return absl::OkStatus();
  if (code != CUBLAS_STATUS_SUCCESS && code != CUBLAS_STATUS_NOT_SUPPORTED)
    return CheckCublas(code, "cublasLtMatmulAlgoGetHeuristic");
  return absl::UnimplementedError(
      absl::StrCat("cuBLASLt has no algorithm for ", std::string(DtypeName(shape.dtype)), " ",
                   shape.m, "x", shape.n, "x", shape.k, ", batch ", shape.batch));
}

absl::StatusOr<std::unique_ptr<CudaGemm::Prepared>> CudaGemm::Prepare(const Shape& shape,
                                                                      const GemmArgs& args) {
  BB_ASSIGN_OR_RETURN(Prepared described, Describe(shape));
  auto prepared = std::make_unique<Prepared>(std::move(described));
  std::vector<cublasLtMatmulAlgo_t> algorithms;
  BB_RETURN_IF_ERROR(Propose(shape, *prepared, algorithms));
  prepared->algorithm = algorithms.front();
  if (!options_.time_algorithms || algorithms.size() == 1) return prepared;
  // A product that is added to C would be added several times: its trials go elsewhere, or, where
  // there is no room, the first proposal has to do.
  Buffer elsewhere;
  void* d = args.c;
  if (shape.reads_c) {
    auto buffer = pool_.Allocate(SpanOfC(args) * DtypeSize(args.dtype));
    if (!buffer.ok()) return prepared;
    elsewhere = *std::move(buffer);
    d = elsewhere.data();
  }
  float best = std::numeric_limits<float>::infinity();
  algorithms.resize(std::min<size_t>(algorithms.size(), kTimed));
  for (const cublasLtMatmulAlgo_t& algorithm : algorithms) {
    BB_ASSIGN_OR_RETURN(const float milliseconds, Time(*prepared, args, algorithm, d));
    if (milliseconds >= best) continue;
    best = milliseconds;
    prepared->algorithm = algorithm;
  }
  return prepared;
}

// The fastest of a few runs after one that is not counted.
absl::StatusOr<float> CudaGemm::Time(const Prepared& prepared, const GemmArgs& args,
                                     const cublasLtMatmulAlgo_t& algorithm, void* d) {
  BB_ASSIGN_OR_RETURN(const Event start, MakeEvent(*api_.runtime, cudaEventDefault));
  BB_ASSIGN_OR_RETURN(const Event end, MakeEvent(*api_.runtime, cudaEventDefault));
  BB_RETURN_IF_ERROR(Launch(prepared, args, algorithm, d));
  float best = std::numeric_limits<float>::infinity();
  for (int run = 0; run < kRuns; ++run) {
    BB_RETURN_IF_ERROR(
        CheckCuda(api_.runtime->EventRecord(start.get(), stream_), "cudaEventRecord"));
    BB_RETURN_IF_ERROR(Launch(prepared, args, algorithm, d));
    BB_RETURN_IF_ERROR(CheckCuda(api_.runtime->EventRecord(end.get(), stream_), "cudaEventRecord"));
    BB_RETURN_IF_ERROR(
        CheckCuda(api_.runtime->EventSynchronize(end.get()), "cudaEventSynchronize"));
    float milliseconds = 0;
    BB_RETURN_IF_ERROR(
        CheckCuda(api_.runtime->EventElapsedTime(&milliseconds, start.get(), end.get()),
                  "cudaEventElapsedTime"));
    best = std::min(best, milliseconds);
  }
  return best;
}

absl::Status CudaGemm::Launch(const Prepared& prepared, const GemmArgs& args,
                              const cublasLtMatmulAlgo_t& algorithm, void* d) {
  const Scalar alpha(args.dtype, args.alpha), beta(args.dtype, args.beta);
  return CheckCublas(
      api_.blas->Matmul(handle_.get(), prepared.operation.get(), alpha.data, args.b,
                        prepared.left.get(), args.a, prepared.right.get(), beta.data, args.c,
                        prepared.c.get(), d, prepared.c.get(), &algorithm, workspace_.data(),
                        static_cast<size_t>(workspace_.bytes()), stream_),
      "cublasLtMatmul");
}

}  // namespace basisbench
