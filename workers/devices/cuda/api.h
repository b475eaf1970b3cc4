// SPDX-License-Identifier: Apache-2.0
// What is used of CUDA's libraries, as objects, so that everything above can be tested without a
// GPU. Methods have the names, arguments and results of the functions they stand for. The real ones
// are stateless; any thread.
#pragma once

#include <cublasLt.h>
#include <cuda_runtime_api.h>
#include <cufft.h>

#include <cstddef>

namespace basisbench {

class CudaRuntimeApi {
 public:
  virtual ~CudaRuntimeApi() = default;
  [[nodiscard]] virtual cudaError_t GetDeviceCount(int* count) = 0;
  [[nodiscard]] virtual cudaError_t GetDevice(int* device) = 0;
  [[nodiscard]] virtual cudaError_t SetDevice(int device) = 0;
  [[nodiscard]] virtual cudaError_t DeviceGetAttribute(int* value, cudaDeviceAttr attribute,
                                                       int device) = 0;
  [[nodiscard]] virtual cudaError_t RuntimeGetVersion(int* version) = 0;
  // Takes the last error away: a failed call leaves it behind for the next launch to find.
  virtual cudaError_t GetLastError() = 0;

  [[nodiscard]] virtual cudaError_t Malloc(void** data, size_t bytes) = 0;
  [[nodiscard]] virtual cudaError_t Free(void* data) = 0;
  [[nodiscard]] virtual cudaError_t HostAlloc(void** data, size_t bytes, unsigned flags) = 0;
  [[nodiscard]] virtual cudaError_t FreeHost(void* data) = 0;
  [[nodiscard]] virtual cudaError_t MemsetAsync(void* data, int value, size_t bytes,
                                                cudaStream_t stream) = 0;
  [[nodiscard]] virtual cudaError_t MemcpyAsync(void* to, const void* from, size_t bytes,
                                                cudaMemcpyKind kind, cudaStream_t stream) = 0;

  [[nodiscard]] virtual cudaError_t StreamCreateWithFlags(cudaStream_t* stream, unsigned flags) = 0;
  [[nodiscard]] virtual cudaError_t StreamDestroy(cudaStream_t stream) = 0;
  [[nodiscard]] virtual cudaError_t StreamSynchronize(cudaStream_t stream) = 0;
  [[nodiscard]] virtual cudaError_t LaunchHostFunc(cudaStream_t stream, cudaHostFn_t function,
                                                   void* data) = 0;
  [[nodiscard]] virtual cudaError_t StreamBeginCapture(cudaStream_t stream,
                                                       cudaStreamCaptureMode mode) = 0;
  // Null where the capture has failed.
  [[nodiscard]] virtual cudaError_t StreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) = 0;
  [[nodiscard]] virtual cudaError_t GraphDestroy(cudaGraph_t graph) = 0;
  [[nodiscard]] virtual cudaError_t GraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph,
                                                     unsigned long long flags) = 0;
  [[nodiscard]] virtual cudaError_t GraphExecDestroy(cudaGraphExec_t executable) = 0;
  [[nodiscard]] virtual cudaError_t GraphUpload(cudaGraphExec_t executable,
                                                cudaStream_t stream) = 0;
  [[nodiscard]] virtual cudaError_t GraphLaunch(cudaGraphExec_t executable,
                                                cudaStream_t stream) = 0;

  [[nodiscard]] virtual cudaError_t EventCreateWithFlags(cudaEvent_t* event, unsigned flags) = 0;
  [[nodiscard]] virtual cudaError_t EventDestroy(cudaEvent_t event) = 0;
  [[nodiscard]] virtual cudaError_t EventRecord(cudaEvent_t event, cudaStream_t stream) = 0;
  [[nodiscard]] virtual cudaError_t EventQuery(cudaEvent_t event) = 0;
  [[nodiscard]] virtual cudaError_t EventSynchronize(cudaEvent_t event) = 0;
  [[nodiscard]] virtual cudaError_t EventElapsedTime(float* milliseconds, cudaEvent_t start,
                                                     cudaEvent_t end) = 0;
};

class CublasLtApi {
 public:
  virtual ~CublasLtApi() = default;
  virtual size_t GetVersion() = 0;
  [[nodiscard]] virtual cublasStatus_t Create(cublasLtHandle_t* handle) = 0;
  [[nodiscard]] virtual cublasStatus_t Destroy(cublasLtHandle_t handle) = 0;
  [[nodiscard]] virtual cublasStatus_t MatmulDescCreate(cublasLtMatmulDesc_t* desc,
                                                        cublasComputeType_t compute,
                                                        cudaDataType_t scale) = 0;
  [[nodiscard]] virtual cublasStatus_t MatmulDescDestroy(cublasLtMatmulDesc_t desc) = 0;
  [[nodiscard]] virtual cublasStatus_t MatmulDescSetAttribute(
      cublasLtMatmulDesc_t desc, cublasLtMatmulDescAttributes_t attribute, const void* value,
      size_t bytes) = 0;
  [[nodiscard]] virtual cublasStatus_t MatrixLayoutCreate(cublasLtMatrixLayout_t* layout,
                                                          cudaDataType type, uint64_t rows,
                                                          uint64_t cols, int64_t leading) = 0;
  [[nodiscard]] virtual cublasStatus_t MatrixLayoutDestroy(cublasLtMatrixLayout_t layout) = 0;
  [[nodiscard]] virtual cublasStatus_t MatrixLayoutSetAttribute(
      cublasLtMatrixLayout_t layout, cublasLtMatrixLayoutAttribute_t attribute, const void* value,
      size_t bytes) = 0;
  [[nodiscard]] virtual cublasStatus_t MatmulPreferenceCreate(
      cublasLtMatmulPreference_t* preference) = 0;
  [[nodiscard]] virtual cublasStatus_t MatmulPreferenceDestroy(
      cublasLtMatmulPreference_t preference) = 0;
  [[nodiscard]] virtual cublasStatus_t MatmulPreferenceSetAttribute(
      cublasLtMatmulPreference_t preference, cublasLtMatmulPreferenceAttributes_t attribute,
      const void* value, size_t bytes) = 0;
  [[nodiscard]] virtual cublasStatus_t MatmulAlgoGetHeuristic(
      cublasLtHandle_t handle, cublasLtMatmulDesc_t desc, cublasLtMatrixLayout_t a,
      cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
      cublasLtMatmulPreference_t preference, int requested,
      cublasLtMatmulHeuristicResult_t results[], int* returned) = 0;
  [[nodiscard]] virtual cublasStatus_t MatmulAlgoConfigGetAttribute(
      const cublasLtMatmulAlgo_t* algo, cublasLtMatmulAlgoConfigAttributes_t attribute, void* value,
      size_t bytes, size_t* written) = 0;
  [[nodiscard]] virtual cublasStatus_t Matmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t desc,
                                              const void* alpha, const void* a,
                                              cublasLtMatrixLayout_t a_layout, const void* b,
                                              cublasLtMatrixLayout_t b_layout, const void* beta,
                                              const void* c, cublasLtMatrixLayout_t c_layout,
                                              void* d, cublasLtMatrixLayout_t d_layout,
                                              const cublasLtMatmulAlgo_t* algo, void* workspace,
                                              size_t workspace_bytes, cudaStream_t stream) = 0;
};

class CufftApi {
 public:
  virtual ~CufftApi() = default;
  [[nodiscard]] virtual cufftResult GetVersion(int* version) = 0;
  [[nodiscard]] virtual cufftResult Create(cufftHandle* plan) = 0;
  [[nodiscard]] virtual cufftResult Destroy(cufftHandle plan) = 0;
  [[nodiscard]] virtual cufftResult SetAutoAllocation(cufftHandle plan, int automatic) = 0;
  [[nodiscard]] virtual cufftResult SetStream(cufftHandle plan, cudaStream_t stream) = 0;
  [[nodiscard]] virtual cufftResult SetWorkArea(cufftHandle plan, void* area) = 0;
  [[nodiscard]] virtual cufftResult XtMakePlanMany(cufftHandle plan, int rank, long long* n,
                                                   long long* in_embed, long long in_stride,
                                                   long long in_distance, cudaDataType in_type,
                                                   long long* out_embed, long long out_stride,
                                                   long long out_distance, cudaDataType out_type,
                                                   long long batch, size_t* work_bytes,
                                                   cudaDataType execution_type) = 0;
  [[nodiscard]] virtual cufftResult XtExec(cufftHandle plan, void* in, void* out,
                                           int direction) = 0;
};

// None is null; they outlive whatever uses them.
struct CudaApi {
  CudaRuntimeApi* runtime = nullptr;
  CublasLtApi* blas = nullptr;
  CufftApi* fft = nullptr;
};

// The libraries themselves.
CudaApi RealCudaApi();

}  // namespace basisbench
