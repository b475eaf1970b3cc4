// SPDX-License-Identifier: Apache-2.0
// CUDA's libraries in host memory: everything is done when a call returns, products and transforms
// by their definitions. Under capture, copies, products and transforms are recorded instead, and
// what would wait fails as in CUDA; kernels on the processor, which no library launches, run then
// and are not in the graph. Counts what is alive, fails where it is told to, and says when events
// are ready. One thread.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "workers/devices/cuda/api.h"

namespace basisbench {

// What all three share.
struct FakeCudaState {
  std::map<std::string, int> alive;           // "memory", "stream", ...; none may be left
  std::map<std::string, int> calls;           // by name
  std::map<std::string, int> fail_once;       // name -> code
  int64_t room = int64_t{1} << 40, used = 0;  // bytes of memory
  std::map<void*, int64_t> blocks;
  std::function<bool()> is_ready = [] { return true; };
  std::vector<float> milliseconds;  // what the next timings find, the last for ever
  int devices = 1, current = 0, major = 9;
  uintptr_t next_handle = 1;

  using Work = std::vector<std::function<void()>>;
  bool captures = false, capture_failed = false;
  Work host_functions;
  Work captured;
  std::map<uintptr_t, Work> graphs;  // by handle, executable or not

  // Counts the call; its code, or 0.
  int Enter(const std::string& name);
  int LeftAlive() const;
  // Does `work`, or records it.
  void Issue(std::function<void()> work);
  // The code of a call that waits: none may under capture.
  cudaError_t Waiting(const std::string& name);
};

class FakeCudaRuntime : public CudaRuntimeApi {
 public:
  explicit FakeCudaRuntime(FakeCudaState& state) : s_(state) {}
  cudaError_t GetDeviceCount(int* count) override;
  cudaError_t GetDevice(int* device) override;
  cudaError_t SetDevice(int device) override;
  cudaError_t DeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) override;
  cudaError_t RuntimeGetVersion(int* version) override;
  cudaError_t GetLastError() override;
  cudaError_t Malloc(void** data, size_t bytes) override;
  cudaError_t Free(void* data) override;
  cudaError_t HostAlloc(void** data, size_t bytes, unsigned flags) override;
  cudaError_t FreeHost(void* data) override;
  cudaError_t MemsetAsync(void* data, int value, size_t bytes, cudaStream_t stream) override;
  cudaError_t MemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind,
                          cudaStream_t stream) override;
  cudaError_t StreamCreateWithFlags(cudaStream_t* stream, unsigned flags) override;
  cudaError_t StreamDestroy(cudaStream_t stream) override;
  cudaError_t StreamSynchronize(cudaStream_t stream) override;
  // Called when the stream is waited for: it may wait for the caller.
  cudaError_t LaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void* data) override;
  cudaError_t StreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) override;
  cudaError_t StreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) override;
  cudaError_t GraphDestroy(cudaGraph_t graph) override;
  cudaError_t GraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph,
                               unsigned long long flags) override;
  cudaError_t GraphExecDestroy(cudaGraphExec_t executable) override;
  cudaError_t GraphUpload(cudaGraphExec_t executable, cudaStream_t stream) override;
  cudaError_t GraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) override;
  cudaError_t EventCreateWithFlags(cudaEvent_t* event, unsigned flags) override;
  cudaError_t EventDestroy(cudaEvent_t event) override;
  cudaError_t EventRecord(cudaEvent_t event, cudaStream_t stream) override;
  cudaError_t EventQuery(cudaEvent_t event) override;
  cudaError_t EventSynchronize(cudaEvent_t event) override;
  cudaError_t EventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) override;

 private:
  cudaError_t Enter(const char* name) { return static_cast<cudaError_t>(s_.Enter(name)); }
  FakeCudaState& s_;
};

class FakeCublasLt : public CublasLtApi {
 public:
  explicit FakeCublasLt(FakeCudaState& state) : s_(state) {}

  int proposals = 3;                                 // algorithms offered for any shape
  std::vector<uint64_t> launched;                    // the algorithm of every product
  cublasComputeType_t compute = CUBLAS_COMPUTE_32F;  // of the last description
  std::map<int, uint64_t> preferences;

  size_t GetVersion() override { return 130000; }
  cublasStatus_t Create(cublasLtHandle_t* handle) override;
  cublasStatus_t Destroy(cublasLtHandle_t handle) override;
  cublasStatus_t MatmulDescCreate(cublasLtMatmulDesc_t* desc, cublasComputeType_t type,
                                  cudaDataType_t scale) override;
  cublasStatus_t MatmulDescDestroy(cublasLtMatmulDesc_t desc) override;
  cublasStatus_t MatmulDescSetAttribute(cublasLtMatmulDesc_t desc,
                                        cublasLtMatmulDescAttributes_t attribute, const void* value,
                                        size_t bytes) override;
  cublasStatus_t MatrixLayoutCreate(cublasLtMatrixLayout_t* layout, cudaDataType type,
                                    uint64_t rows, uint64_t cols, int64_t leading) override;
  cublasStatus_t MatrixLayoutDestroy(cublasLtMatrixLayout_t layout) override;
  cublasStatus_t MatrixLayoutSetAttribute(cublasLtMatrixLayout_t layout,
                                          cublasLtMatrixLayoutAttribute_t attribute,
                                          const void* value, size_t bytes) override;
  cublasStatus_t MatmulPreferenceCreate(cublasLtMatmulPreference_t* preference) override;
  cublasStatus_t MatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) override;
  cublasStatus_t MatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                              cublasLtMatmulPreferenceAttributes_t attribute,
                                              const void* value, size_t bytes) override;
  cublasStatus_t MatmulAlgoGetHeuristic(cublasLtHandle_t handle, cublasLtMatmulDesc_t desc,
                                        cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                        cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                        cublasLtMatmulPreference_t preference, int requested,
                                        cublasLtMatmulHeuristicResult_t results[],
                                        int* returned) override;
  cublasStatus_t MatmulAlgoConfigGetAttribute(const cublasLtMatmulAlgo_t* algo,
                                              cublasLtMatmulAlgoConfigAttributes_t attribute,
                                              void* value, size_t bytes, size_t* written) override;
  cublasStatus_t Matmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t desc, const void* alpha,
                        const void* a, cublasLtMatrixLayout_t a_layout, const void* b,
                        cublasLtMatrixLayout_t b_layout, const void* beta, const void* c,
                        cublasLtMatrixLayout_t c_layout, void* d, cublasLtMatrixLayout_t d_layout,
                        const cublasLtMatmulAlgo_t* algo, void* workspace, size_t workspace_bytes,
                        cudaStream_t stream) override;

 private:
  cublasStatus_t Enter(const char* name) { return static_cast<cublasStatus_t>(s_.Enter(name)); }
  FakeCudaState& s_;
};

class FakeCufft : public CufftApi {
 public:
  explicit FakeCufft(FakeCudaState& state) : s_(state) {}
  cufftResult GetVersion(int* version) override;
  cufftResult Create(cufftHandle* plan) override;
  cufftResult Destroy(cufftHandle plan) override;
  cufftResult SetAutoAllocation(cufftHandle plan, int automatic) override;
  cufftResult SetStream(cufftHandle plan, cudaStream_t stream) override;
  cufftResult SetWorkArea(cufftHandle plan, void* area) override;
  cufftResult XtMakePlanMany(cufftHandle plan, int rank, long long* n, long long* in_embed,
                             long long in_stride, long long in_distance, cudaDataType in_type,
                             long long* out_embed, long long out_stride, long long out_distance,
                             cudaDataType out_type, long long batch, size_t* work_bytes,
                             cudaDataType execution_type) override;
  cufftResult XtExec(cufftHandle plan, void* in, void* out, int direction) override;

 private:
  struct Plan {
    long long n = 0, in_stride = 1, in_distance = 0, out_stride = 1, out_distance = 0, batch = 0;
    cudaDataType in_type = CUDA_C_32F, out_type = CUDA_C_32F;
    bool has_stream = false, has_work = false;
  };
  static void Transform(const Plan& p, const void* in, void* out, int direction);
  cufftResult Enter(const char* name) { return static_cast<cufftResult>(s_.Enter(name)); }
  FakeCudaState& s_;
  std::map<cufftHandle, Plan> plans_;
};

// All of them around one state.
struct FakeCuda {
  FakeCudaState state;
  FakeCudaRuntime runtime{state};
  FakeCublasLt blas{state};
  FakeCufft fft{state};
  CudaApi api() { return {&runtime, &blas, &fft}; }
};

}  // namespace basisbench
