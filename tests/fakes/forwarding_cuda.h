// SPDX-License-Identifier: Apache-2.0
// CUDA's runtime with some of its calls changed: programs that need a GPU derive from this what
// they want otherwise. Everything goes to the given library, which outlives it. As thread-safe as
// that is.
#pragma once

#include "workers/devices/cuda/api.h"

namespace basisbench {

class ForwardingCudaRuntime : public CudaRuntimeApi {
 public:
  explicit ForwardingCudaRuntime(CudaRuntimeApi& to) : to_(to) {}

  cudaError_t GetDeviceCount(int* count) override { return to_.GetDeviceCount(count); }
  cudaError_t GetDevice(int* device) override { return to_.GetDevice(device); }
  cudaError_t SetDevice(int device) override { return to_.SetDevice(device); }
  cudaError_t DeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) override {
    return to_.DeviceGetAttribute(value, attribute, device);
  }
  cudaError_t RuntimeGetVersion(int* version) override { return to_.RuntimeGetVersion(version); }
  cudaError_t GetLastError() override { return to_.GetLastError(); }

  cudaError_t Malloc(void** data, size_t bytes) override { return to_.Malloc(data, bytes); }
  cudaError_t Free(void* data) override { return to_.Free(data); }
  cudaError_t HostAlloc(void** data, size_t bytes, unsigned flags) override {
    return to_.HostAlloc(data, bytes, flags);
  }
  cudaError_t FreeHost(void* data) override { return to_.FreeHost(data); }
  cudaError_t MemsetAsync(void* data, int value, size_t bytes, cudaStream_t stream) override {
    return to_.MemsetAsync(data, value, bytes, stream);
  }
  cudaError_t MemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind,
                          cudaStream_t stream) override {
    return to_.MemcpyAsync(to, from, bytes, kind, stream);
  }

  cudaError_t StreamCreateWithFlags(cudaStream_t* stream, unsigned flags) override {
    return to_.StreamCreateWithFlags(stream, flags);
  }
  cudaError_t StreamDestroy(cudaStream_t stream) override { return to_.StreamDestroy(stream); }
  cudaError_t StreamSynchronize(cudaStream_t stream) override {
    return to_.StreamSynchronize(stream);
  }
  cudaError_t LaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void* data) override {
    return to_.LaunchHostFunc(stream, function, data);
  }
  cudaError_t StreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) override {
    return to_.StreamBeginCapture(stream, mode);
  }
  cudaError_t StreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) override {
    return to_.StreamEndCapture(stream, graph);
  }
  cudaError_t GraphDestroy(cudaGraph_t graph) override { return to_.GraphDestroy(graph); }
  cudaError_t GraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph,
                               unsigned long long flags) override {
    return to_.GraphInstantiate(executable, graph, flags);
  }
  cudaError_t GraphExecDestroy(cudaGraphExec_t executable) override {
    return to_.GraphExecDestroy(executable);
  }
  cudaError_t GraphUpload(cudaGraphExec_t executable, cudaStream_t stream) override {
    return to_.GraphUpload(executable, stream);
  }
  cudaError_t GraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) override {
    return to_.GraphLaunch(executable, stream);
  }

  cudaError_t EventCreateWithFlags(cudaEvent_t* event, unsigned flags) override {
    return to_.EventCreateWithFlags(event, flags);
  }
  cudaError_t EventDestroy(cudaEvent_t event) override { return to_.EventDestroy(event); }
  cudaError_t EventRecord(cudaEvent_t event, cudaStream_t stream) override {
    return to_.EventRecord(event, stream);
  }
  cudaError_t EventQuery(cudaEvent_t event) override { return to_.EventQuery(event); }
  cudaError_t EventSynchronize(cudaEvent_t event) override { return to_.EventSynchronize(event); }
  cudaError_t EventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) override {
    return to_.EventElapsedTime(milliseconds, start, end);
  }

 private:
  CudaRuntimeApi& to_;
};

}  // namespace basisbench
