// SPDX-License-Identifier: Apache-2.0
// C^T = B^T A^T: the library thinks in columns.
#include "tests/bench/gpu/best_gemm.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/devices/cuda/check.h"

namespace basisbench {
namespace {

constexpr int kMost = 512;
constexpr int64_t kWorkspaceBytes = int64_t{256} << 20;
constexpr int kRuns = 3;

CublasLtApi& Blas() { return *RealCudaApi().blas; }

cudaDataType TypeOf(Dtype dtype) {
  if (dtype == Dtype::kBf16) return CUDA_R_16BF;
  if (dtype == Dtype::kF16) return CUDA_R_16F;
  return dtype == Dtype::kF64 ? CUDA_R_64F : CUDA_R_32F;
}

// What is row-major in memory, as the library's columns: the transpose.
absl::StatusOr<cublasLtMatrixLayout_t> Turned(Dtype dtype, int64_t rows, int64_t cols) {
  cublasLtMatrixLayout_t layout = nullptr;
  BB_RETURN_IF_ERROR(
      CheckCublas(Blas().MatrixLayoutCreate(&layout, TypeOf(dtype), static_cast<uint64_t>(cols),
                                            static_cast<uint64_t>(rows), cols),
                  "cublasLtMatrixLayoutCreate"));
  return layout;
}

}  // namespace

absl::StatusOr<std::shared_ptr<BestGemm>> BestGemm::Make(BenchGpu& gpu, const GemmSize& size,
                                                         const void* a, const void* b, void* c) {
  auto gemm = std::shared_ptr<BestGemm>(new BestGemm(gpu));
  BB_RETURN_IF_ERROR(gemm->Describe(size));
  BB_RETURN_IF_ERROR(gemm->Choose(a, b, c));
  return gemm;
}

absl::Status BestGemm::Describe(const GemmSize& size) {
  cublasLtHandle_t handle = nullptr;
  BB_RETURN_IF_ERROR(CheckCublas(Blas().Create(&handle), "cublasLtCreate"));
  handle_ = LtHandle(handle, {&Blas()});
  wide_ = size.dtype == Dtype::kF64;
  cublasLtMatmulDesc_t operation = nullptr;
  BB_RETURN_IF_ERROR(CheckCublas(
      Blas().MatmulDescCreate(&operation, wide_ ? CUBLAS_COMPUTE_64F : CUBLAS_COMPUTE_32F,
                              wide_ ? CUDA_R_64F : CUDA_R_32F),
      "cublasLtMatmulDescCreate"));
  operation_ = Operation(operation, {&Blas()});
  BB_ASSIGN_OR_RETURN(auto* a, Turned(size.dtype, size.m, size.k));
  a_ = Layout(a, {&Blas()});
  BB_ASSIGN_OR_RETURN(auto* b, Turned(size.dtype, size.k, size.n));
  b_ = Layout(b, {&Blas()});
  BB_ASSIGN_OR_RETURN(auto* c, Turned(size.dtype, size.m, size.n));
  c_ = Layout(c, {&Blas()});
  BB_ASSIGN_OR_RETURN(workspace_, gpu_.device().Allocate(kWorkspaceBytes));
  return absl::OkStatus();
}

absl::Status BestGemm::Choose(const void* a, const void* b, void* c) {
  cublasLtMatmulPreference_t preference = nullptr;
  BB_RETURN_IF_ERROR(
      CheckCublas(Blas().MatmulPreferenceCreate(&preference), "cublasLtMatmulPreferenceCreate"));
  const Handle<cublasLtMatmulPreference_t, CublasLtApi, &CublasLtApi::MatmulPreferenceDestroy>
      owned(preference, {&Blas()});
  const auto bytes = static_cast<uint64_t>(kWorkspaceBytes);
  BB_RETURN_IF_ERROR(
      CheckCublas(Blas().MatmulPreferenceSetAttribute(
                      preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &bytes, sizeof(bytes)),
                  "cublasLtMatmulPreferenceSetAttribute(MAX_WORKSPACE_BYTES)"));
  std::vector<cublasLtMatmulHeuristicResult_t> found(kMost);
  int count = 0;
  BB_RETURN_IF_ERROR(CheckCublas(
      Blas().MatmulAlgoGetHeuristic(handle_.get(), operation_.get(), b_.get(), a_.get(), c_.get(),
                                    c_.get(), preference, kMost, found.data(), &count),
      "cublasLtMatmulAlgoGetHeuristic"));
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < count; ++i) {
    if (found[static_cast<size_t>(i)].state != CUBLAS_STATUS_SUCCESS) continue;
    const auto& algorithm = found[static_cast<size_t>(i)].algo;
    const absl::StatusOr<double> seconds = Time(algorithm, a, b, c);
    if (!seconds.ok()) continue;  // proposed, and refused when asked
    ++tried_;
    if (*seconds >= best) continue;
    best = *seconds;
    best_ = algorithm;
  }
  if (tried_ > 0) return absl::OkStatus();
  return absl::UnimplementedError(
      absl::StrCat("none of the ", count, " algorithms that cuBLASLt proposes runs"));
}

absl::StatusOr<double> BestGemm::Time(const cublasLtMatmulAlgo_t& algorithm, const void* a,
                                      const void* b, void* c) {
  double best = std::numeric_limits<double>::infinity();
  for (int run = 0; run < kRuns; ++run) {
    BB_ASSIGN_OR_RETURN(const double seconds,
                        gpu_.SecondsOnce({[&] { return Launch(algorithm, a, b, c); }}));
    best = std::min(best, seconds);
  }
  return best;
}

absl::Status BestGemm::Run(const void* a, const void* b, void* c) { return Launch(best_, a, b, c); }

absl::Status BestGemm::Launch(const cublasLtMatmulAlgo_t& algorithm, const void* a, const void* b,
                              void* c) {
  const float one = 1, none = 0;
  const double wide_one = 1, wide_none = 0;
  const void* alpha = wide_ ? static_cast<const void*>(&wide_one) : &one;
  const void* beta = wide_ ? static_cast<const void*>(&wide_none) : &none;
  return CheckCublas(Blas().Matmul(handle_.get(), operation_.get(), alpha, b, b_.get(), a, a_.get(),
                                   beta, c, c_.get(), c, c_.get(), &algorithm, workspace_.data(),
                                   static_cast<size_t>(workspace_.bytes()), gpu_.stream()),
                     "cublasLtMatmul");
}

}  // namespace basisbench
