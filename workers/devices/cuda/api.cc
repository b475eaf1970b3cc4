// SPDX-License-Identifier: Apache-2.0
#include "workers/devices/cuda/api.h"

#include <cufftXt.h>

namespace basisbench {
namespace {

class CudaRuntimeLibrary : public CudaRuntimeApi {
 public:
  cudaError_t GetDeviceCount(int* count) override { return cudaGetDeviceCount(count); }
  cudaError_t GetDevice(int* device) override { return cudaGetDevice(device); }
  cudaError_t SetDevice(int device) override { return cudaSetDevice(device); }
  cudaError_t DeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) override {
    return cudaDeviceGetAttribute(value, attribute, device);
  }
  cudaError_t RuntimeGetVersion(int* version) override { return cudaRuntimeGetVersion(version); }
  cudaError_t GetLastError() override { return cudaGetLastError(); }
  cudaError_t Malloc(void** data, size_t bytes) override { return cudaMalloc(data, bytes); }
  cudaError_t Free(void* data) override { return cudaFree(data); }
  cudaError_t HostAlloc(void** data, size_t bytes, unsigned flags) override {
    return cudaHostAlloc(data, bytes, flags);
  }
  cudaError_t FreeHost(void* data) override { return cudaFreeHost(data); }
  cudaError_t MemsetAsync(void* data, int value, size_t bytes, cudaStream_t stream) override {
    return cudaMemsetAsync(data, value, bytes, stream);
  }
  cudaError_t MemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind,
                          cudaStream_t stream) override {
    return cudaMemcpyAsync(to, from, bytes, kind, stream);
  }
  cudaError_t StreamCreateWithFlags(cudaStream_t* stream, unsigned flags) override {
    return cudaStreamCreateWithFlags(stream, flags);
  }
  cudaError_t StreamDestroy(cudaStream_t stream) override { return cudaStreamDestroy(stream); }
  cudaError_t StreamSynchronize(cudaStream_t stream) override {
    return cudaStreamSynchronize(stream);
  }
  cudaError_t LaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void* data) override {
    return cudaLaunchHostFunc(stream, function, data);
  }
  cudaError_t StreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) override {
    return cudaStreamBeginCapture(stream, mode);
  }
  cudaError_t StreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) override {
    return cudaStreamEndCapture(stream, graph);
  }
  cudaError_t GraphDestroy(cudaGraph_t graph) override { return cudaGraphDestroy(graph); }
  cudaError_t GraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph,
                               unsigned long long flags) override {
    return cudaGraphInstantiate(executable, graph, flags);
  }
  cudaError_t GraphExecDestroy(cudaGraphExec_t executable) override {
    return cudaGraphExecDestroy(executable);
  }
  cudaError_t GraphUpload(cudaGraphExec_t executable, cudaStream_t stream) override {
    return cudaGraphUpload(executable, stream);
  }
  cudaError_t GraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) override {
    return cudaGraphLaunch(executable, stream);
  }
  cudaError_t EventCreateWithFlags(cudaEvent_t* event, unsigned flags) override {
    return cudaEventCreateWithFlags(event, flags);
  }
  cudaError_t EventDestroy(cudaEvent_t event) override { return cudaEventDestroy(event); }
  cudaError_t EventRecord(cudaEvent_t event, cudaStream_t stream) override {
    return cudaEventRecord(event, stream);
  }
  cudaError_t EventQuery(cudaEvent_t event) override { return cudaEventQuery(event); }
  cudaError_t EventSynchronize(cudaEvent_t event) override { return cudaEventSynchronize(event); }
  cudaError_t EventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) override {
    return cudaEventElapsedTime(milliseconds, start, end);
  }
};

class CublasLtLibrary : public CublasLtApi {
 public:
  size_t GetVersion() override { return cublasLtGetVersion(); }
  cublasStatus_t Create(cublasLtHandle_t* handle) override { return cublasLtCreate(handle); }
  cublasStatus_t Destroy(cublasLtHandle_t handle) override { return cublasLtDestroy(handle); }
  cublasStatus_t MatmulDescCreate(cublasLtMatmulDesc_t* desc, cublasComputeType_t compute,
                                  cudaDataType_t scale) override {
    return cublasLtMatmulDescCreate(desc, compute, scale);
  }
  cublasStatus_t MatmulDescDestroy(cublasLtMatmulDesc_t desc) override {
    return cublasLtMatmulDescDestroy(desc);
  }
  cublasStatus_t MatmulDescSetAttribute(cublasLtMatmulDesc_t desc,
                                        cublasLtMatmulDescAttributes_t attribute, const void* value,
                                        size_t bytes) override {
    return cublasLtMatmulDescSetAttribute(desc, attribute, value, bytes);
  }
  cublasStatus_t MatrixLayoutCreate(cublasLtMatrixLayout_t* layout, cudaDataType type,
                                    uint64_t rows, uint64_t cols, int64_t leading) override {
    return cublasLtMatrixLayoutCreate(layout, type, rows, cols, leading);
  }
  cublasStatus_t MatrixLayoutDestroy(cublasLtMatrixLayout_t layout) override {
    return cublasLtMatrixLayoutDestroy(layout);
  }
  cublasStatus_t MatrixLayoutSetAttribute(cublasLtMatrixLayout_t layout,
                                          cublasLtMatrixLayoutAttribute_t attribute,
                                          const void* value, size_t bytes) override {
    return cublasLtMatrixLayoutSetAttribute(layout, attribute, value, bytes);
  }
  cublasStatus_t MatmulPreferenceCreate(cublasLtMatmulPreference_t* preference) override {
    return cublasLtMatmulPreferenceCreate(preference);
  }
  cublasStatus_t MatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) override {
    return cublasLtMatmulPreferenceDestroy(preference);
  }
  cublasStatus_t MatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                              cublasLtMatmulPreferenceAttributes_t attribute,
                                              const void* value, size_t bytes) override {
    return cublasLtMatmulPreferenceSetAttribute(preference, attribute, value, bytes);
  }
  cublasStatus_t MatmulAlgoGetHeuristic(cublasLtHandle_t handle, cublasLtMatmulDesc_t desc,
                                        cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                        cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                        cublasLtMatmulPreference_t preference, int requested,
                                        cublasLtMatmulHeuristicResult_t results[],
                                        int* returned) override {
    return cublasLtMatmulAlgoGetHeuristic(handle, desc, a, b, c, d, preference, requested, results,
                                          returned);
  }
  cublasStatus_t MatmulAlgoConfigGetAttribute(const cublasLtMatmulAlgo_t* algo,
                                              cublasLtMatmulAlgoConfigAttributes_t attribute,
                                              void* value, size_t bytes, size_t* written) override {
    return cublasLtMatmulAlgoConfigGetAttribute(algo, attribute, value, bytes, written);
  }
  cublasStatus_t Matmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t desc, const void* alpha,
                        const void* a, cublasLtMatrixLayout_t a_layout, const void* b,
                        cublasLtMatrixLayout_t b_layout, const void* beta, const void* c,
                        cublasLtMatrixLayout_t c_layout, void* d, cublasLtMatrixLayout_t d_layout,
                        const cublasLtMatmulAlgo_t* algo, void* workspace, size_t workspace_bytes,
                        cudaStream_t stream) override {
    return cublasLtMatmul(handle, desc, alpha, a, a_layout, b, b_layout, beta, c, c_layout, d,
                          d_layout, algo, workspace, workspace_bytes, stream);
  }
};

class CufftLibrary : public CufftApi {
 public:
  cufftResult GetVersion(int* version) override { return cufftGetVersion(version); }
  cufftResult Create(cufftHandle* plan) override { return cufftCreate(plan); }
  cufftResult Destroy(cufftHandle plan) override { return cufftDestroy(plan); }
  cufftResult SetAutoAllocation(cufftHandle plan, int automatic) override {
    return cufftSetAutoAllocation(plan, automatic);
  }
  cufftResult SetStream(cufftHandle plan, cudaStream_t stream) override {
    return cufftSetStream(plan, stream);
  }
  cufftResult SetWorkArea(cufftHandle plan, void* area) override {
    return cufftSetWorkArea(plan, area);
  }
  cufftResult XtMakePlanMany(cufftHandle plan, int rank, long long* n, long long* in_embed,
                             long long in_stride, long long in_distance, cudaDataType in_type,
                             long long* out_embed, long long out_stride, long long out_distance,
                             cudaDataType out_type, long long batch, size_t* work_bytes,
                             cudaDataType execution_type) override {
    return cufftXtMakePlanMany(plan, rank, n, in_embed, in_stride, in_distance, in_type, out_embed,
                               out_stride, out_distance, out_type, batch, work_bytes,
                               execution_type);
  }
  cufftResult XtExec(cufftHandle plan, void* in, void* out, int direction) override {
    return cufftXtExec(plan, in, out, direction);
  }
};

}  // namespace

CudaApi RealCudaApi() {
  static CudaRuntimeLibrary runtime;
  static CublasLtLibrary blas;
  static CufftLibrary fft;
  return {&runtime, &blas, &fft};
}

}  // namespace basisbench
