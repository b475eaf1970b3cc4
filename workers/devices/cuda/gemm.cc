// SPDX-License-Identifier: Apache-2.0
// The library thinks in columns: what is row-major here is the transpose there. So C^T = op(B)^T
// op(A)^T is computed: B comes first, n and m change places, and nothing is moved.
#include "workers/devices/cuda/gemm.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/devices/checks.h"

namespace basisbench {
namespace {

// What NVIDIA advises for Hopper.
constexpr int64_t kWorkspaceBytes = int64_t{32} << 20;
constexpr uint32_t kMostAlignment = 256;

cudaDataType TypeOf(Dtype dtype) {
  switch (dtype) {
    case Dtype::kF32:
    case Dtype::kTf32:
      return CUDA_R_32F;
    case Dtype::kF64:
      return CUDA_R_64F;
    case Dtype::kBf16:
      return CUDA_R_16BF;
    default:
      return CUDA_R_16F;
  }
}

cublasComputeType_t ComputeOf(Dtype dtype) {
  if (dtype == Dtype::kF64) return CUBLAS_COMPUTE_64F;
  return dtype == Dtype::kTf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
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
    BB_ASSIGN_OR_RETURN(Prepared prepared, Prepare(shape, merged));
    found = prepared_.emplace(shape, std::move(prepared)).first;
  }
  const Scalar alpha(args.dtype, args.alpha), beta(args.dtype, args.beta);
  return found->second.matmul.Launch(
      found->second.choice.algorithm,
      {alpha.data, merged.b, merged.a, beta.data, merged.c, merged.c});
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

std::string CudaGemm::NameOf(const Shape& shape) {
  return absl::StrCat(DtypeName(shape.dtype), " ", shape.m, "x", shape.n, "x", shape.k, " ",
                      shape.transpose_a ? "T" : "N", shape.transpose_b ? "T" : "N",
                      shape.reads_c ? ", added" : "", ", batch ", shape.batch);
}

// Stored sizes, read as columns: a row-major matrix has its row length first.
LtProduct CudaGemm::ProductOf(const Shape& shape) {
  const bool ta = shape.transpose_a, tb = shape.transpose_b;
  const cudaDataType type = TypeOf(shape.dtype);
  LtProduct product;
  product.compute = ComputeOf(shape.dtype);
  product.scalars = shape.dtype == Dtype::kF64 ? CUDA_R_64F : CUDA_R_32F;
  product.transpose_a = tb, product.transpose_b = ta;
  product.a = {type,      tb ? shape.k : shape.n, tb ? shape.n : shape.k,
               shape.ldb, shape.stride_b,         shape.align_b};
  product.b = {type,      ta ? shape.m : shape.k, ta ? shape.k : shape.m,
               shape.lda, shape.stride_a,         shape.align_a};
  product.c = {type, shape.n, shape.m, shape.ldc, shape.stride_c, shape.align_c};
  product.batch = shape.batch;
  return product;
}

absl::StatusOr<CudaGemm::Prepared> CudaGemm::Prepare(const Shape& shape, const GemmArgs& args) {
  const LtPlace place{api_.blas, handle_.get(), workspace_.data(), workspace_.bytes(), stream_};
  BB_ASSIGN_OR_RETURN(LtMatmul matmul, LtMatmul::Make(place, ProductOf(shape)));
  CudaRuntimeApi* runtime = options_.time_algorithms ? api_.runtime : nullptr;
  // A product that is added to C would be added several times: its trials go elsewhere, or, where
  // there is no room, the first proposal has to do.
  Buffer elsewhere;
  void* d = args.c;
  if (shape.reads_c && runtime != nullptr) {
    auto buffer = pool_.Allocate(SpanOfC(args) * DtypeSize(args.dtype));
    if (buffer.ok()) {
      elsewhere = *std::move(buffer);
      d = elsewhere.data();
    } else {
      runtime = nullptr;
    }
  }
  const Scalar alpha(args.dtype, args.alpha), beta(args.dtype, args.beta);
  const LtOperands trial{alpha.data, args.b, args.a, beta.data, args.c, d};
  BB_ASSIGN_OR_RETURN(const LtChoice choice, matmul.Choose(NameOf(shape), runtime, trial));
  return Prepared{std::move(matmul), choice};
}

std::vector<std::pair<std::string, std::string>> CudaGemm::Choices() const {
  std::vector<std::pair<std::string, std::string>> choices;
  for (const auto& [shape, prepared] : prepared_)
    choices.emplace_back(NameOf(shape), prepared.matmul.Describe(prepared.choice));
  return choices;
}

}  // namespace basisbench
