// SPDX-License-Identifier: Apache-2.0
#include "workers/devices/cuda/check.h"

#include "absl/strings/str_cat.h"

namespace basisbench {
namespace {

absl::Status Failure(absl::StatusCode code, absl::string_view call, int number,
                     absl::string_view text) {
  return absl::Status(code, absl::StrCat(call, " returned ", number, " (", text, ")"));
}

// The library has no function for it. Names as in the header.
const char* CufftText(cufftResult code) {
  switch (code) {
    case CUFFT_SUCCESS:
      return "CUFFT_SUCCESS";
    case CUFFT_INVALID_PLAN:
      return "CUFFT_INVALID_PLAN";
    case CUFFT_ALLOC_FAILED:
      return "CUFFT_ALLOC_FAILED";
    case CUFFT_INVALID_TYPE:
      return "CUFFT_INVALID_TYPE";
    case CUFFT_INVALID_VALUE:
      return "CUFFT_INVALID_VALUE";
    case CUFFT_INTERNAL_ERROR:
      return "CUFFT_INTERNAL_ERROR";
    case CUFFT_EXEC_FAILED:
      return "CUFFT_EXEC_FAILED";
    case CUFFT_SETUP_FAILED:
      return "CUFFT_SETUP_FAILED";
    case CUFFT_INVALID_SIZE:
      return "CUFFT_INVALID_SIZE";
    case CUFFT_NOT_SUPPORTED:
      return "CUFFT_NOT_SUPPORTED";
    default:
      return "see cufft.h";
  }
}

}  // namespace

absl::Status CheckCuda(cudaError_t code, absl::string_view call) {
  if (code == cudaSuccess) return absl::OkStatus();
  absl::StatusCode kind = absl::StatusCode::kInternal;
  if (code == cudaErrorMemoryAllocation) kind = absl::StatusCode::kResourceExhausted;
  if (code >= cudaErrorStreamCaptureUnsupported && code <= cudaErrorStreamCaptureWrongThread)
    kind = absl::StatusCode::kUnimplemented;
  return Failure(kind, call, code,
                 absl::StrCat(cudaGetErrorName(code), ": ", cudaGetErrorString(code)));
}

absl::Status CheckCublas(cublasStatus_t code, absl::string_view call) {
  if (code == CUBLAS_STATUS_SUCCESS) return absl::OkStatus();
  absl::StatusCode kind = absl::StatusCode::kInternal;
  if (code == CUBLAS_STATUS_ALLOC_FAILED) kind = absl::StatusCode::kResourceExhausted;
  if (code == CUBLAS_STATUS_NOT_SUPPORTED) kind = absl::StatusCode::kUnimplemented;
  return Failure(kind, call, code, cublasLtGetStatusString(code));
}

absl::Status CheckCufft(cufftResult code, absl::string_view call) {
  if (code == CUFFT_SUCCESS) return absl::OkStatus();
  absl::StatusCode kind = absl::StatusCode::kInternal;
  if (code == CUFFT_ALLOC_FAILED) kind = absl::StatusCode::kResourceExhausted;
  if (code == CUFFT_NOT_SUPPORTED) kind = absl::StatusCode::kUnimplemented;
  return Failure(kind, call, code, CufftText(code));
}

}  // namespace basisbench
