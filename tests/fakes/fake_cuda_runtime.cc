// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <cstring>

#include "tests/fakes/fake_cuda.h"

namespace basisbench {

int FakeCudaState::Enter(const std::string& name) {
  ++calls[name];
  const auto failing = fail_once.find(name);
  if (failing == fail_once.end()) return 0;
  const int code = failing->second;
  fail_once.erase(failing);
  return code;
}

int FakeCudaState::LeftAlive() const {
  int left = 0;
  for (const auto& [kind, count] : alive) left += count;
  return left;
}

void FakeCudaState::Issue(std::function<void()> work) {
  if (captures) {
    captured.push_back(std::move(work));
  } else {
    work();
  }
}

cudaError_t FakeCudaState::Waiting(const std::string& name) {
  const auto code = static_cast<cudaError_t>(Enter(name));
  if (!captures) return code;
  capture_failed = true;
  return cudaErrorStreamCaptureUnsupported;
}

cudaError_t FakeCudaRuntime::GetDeviceCount(int* count) {
  *count = s_.devices;
  return Enter("GetDeviceCount");
}

cudaError_t FakeCudaRuntime::GetDevice(int* device) {
  *device = s_.current;
  return Enter("GetDevice");
}

cudaError_t FakeCudaRuntime::SetDevice(int device) {
  s_.current = device;
  return Enter("SetDevice");
}

cudaError_t FakeCudaRuntime::DeviceGetAttribute(int* value, cudaDeviceAttr attribute, int) {
  *value = attribute == cudaDevAttrComputeCapabilityMajor ? s_.major : 132;
  return Enter("DeviceGetAttribute");
}

cudaError_t FakeCudaRuntime::RuntimeGetVersion(int* version) {
  *version = CUDART_VERSION;
  return Enter("RuntimeGetVersion");
}

cudaError_t FakeCudaRuntime::GetLastError() { return Enter("GetLastError"); }

cudaError_t FakeCudaRuntime::Malloc(void** data, size_t bytes) {
  if (const cudaError_t code = s_.Waiting("Malloc"); code != cudaSuccess) return code;
  const auto size = static_cast<int64_t>(bytes);
  if (s_.used + size > s_.room) return cudaErrorMemoryAllocation;
  constexpr size_t kAlignment = 256;  // as CUDA's
  *data = std::aligned_alloc(kAlignment, (bytes + kAlignment - 1) / kAlignment * kAlignment);
  std::memset(*data, 0xff, bytes);
  s_.blocks[*data] = size;
  s_.used += size;
  ++s_.alive["memory"];
  return cudaSuccess;
}

cudaError_t FakeCudaRuntime::Free(void* data) {
  s_.used -= s_.blocks[data];
  s_.blocks.erase(data);
  std::free(data);
  --s_.alive["memory"];
  return Enter("Free");
}

cudaError_t FakeCudaRuntime::HostAlloc(void** data, size_t bytes, unsigned) {
  if (const cudaError_t code = s_.Waiting("HostAlloc"); code != cudaSuccess) return code;
  *data = std::malloc(bytes);
  ++s_.alive["pinned memory"];
  return cudaSuccess;
}

cudaError_t FakeCudaRuntime::FreeHost(void* data) {
  std::free(data);
  --s_.alive["pinned memory"];
  return Enter("FreeHost");
}

cudaError_t FakeCudaRuntime::MemsetAsync(void* data, int value, size_t bytes, cudaStream_t) {
  s_.Issue([=] { std::memset(data, value, bytes); });
  return Enter("MemsetAsync");
}

cudaError_t FakeCudaRuntime::MemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind,
                                         cudaStream_t) {
  s_.Issue([=] { std::memcpy(to, from, bytes); });
  return Enter("MemcpyAsync");
}

cudaError_t FakeCudaRuntime::StreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  if (const cudaError_t code = Enter("StreamCreateWithFlags"); code != cudaSuccess) return code;
  *stream = reinterpret_cast<cudaStream_t>(s_.next_handle++);
  ++s_.alive["stream"];
  return cudaSuccess;
}

cudaError_t FakeCudaRuntime::StreamDestroy(cudaStream_t) {
  --s_.alive["stream"];
  return Enter("StreamDestroy");
}

cudaError_t FakeCudaRuntime::StreamSynchronize(cudaStream_t) {
  const cudaError_t code = s_.Waiting("StreamSynchronize");
  FakeCudaState::Work functions;
  functions.swap(s_.host_functions);
  for (const auto& function : functions) function();
  return code;
}

cudaError_t FakeCudaRuntime::LaunchHostFunc(cudaStream_t, cudaHostFn_t function, void* data) {
  if (const cudaError_t code = Enter("LaunchHostFunc"); code != cudaSuccess) return code;
  s_.host_functions.push_back([=] { function(data); });
  return cudaSuccess;
}

cudaError_t FakeCudaRuntime::StreamBeginCapture(cudaStream_t, cudaStreamCaptureMode) {
  if (s_.captures) return cudaErrorIllegalState;
  if (const cudaError_t code = Enter("StreamBeginCapture"); code != cudaSuccess) return code;
  s_.captures = true;
  s_.capture_failed = false;
  return cudaSuccess;
}

cudaError_t FakeCudaRuntime::StreamEndCapture(cudaStream_t, cudaGraph_t* graph) {
  FakeCudaState::Work captured;
  captured.swap(s_.captured);
  s_.captures = false;
  *graph = nullptr;
  if (s_.capture_failed) return cudaErrorStreamCaptureInvalidated;
  if (const cudaError_t code = Enter("StreamEndCapture"); code != cudaSuccess) return code;
  *graph = reinterpret_cast<cudaGraph_t>(s_.next_handle);
  s_.graphs[s_.next_handle++] = std::move(captured);
  ++s_.alive["graph"];
  return cudaSuccess;
}

cudaError_t FakeCudaRuntime::GraphDestroy(cudaGraph_t graph) {
  s_.graphs.erase(reinterpret_cast<uintptr_t>(graph));
  --s_.alive["graph"];
  return Enter("GraphDestroy");
}

cudaError_t FakeCudaRuntime::GraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph,
                                              unsigned long long) {
  if (const cudaError_t code = Enter("GraphInstantiate"); code != cudaSuccess) return code;
  *executable = reinterpret_cast<cudaGraphExec_t>(s_.next_handle);
  s_.graphs[s_.next_handle++] = s_.graphs.at(reinterpret_cast<uintptr_t>(graph));
  ++s_.alive["executable"];
  return cudaSuccess;
}

cudaError_t FakeCudaRuntime::GraphExecDestroy(cudaGraphExec_t executable) {
  s_.graphs.erase(reinterpret_cast<uintptr_t>(executable));
  --s_.alive["executable"];
  return Enter("GraphExecDestroy");
}

cudaError_t FakeCudaRuntime::GraphUpload(cudaGraphExec_t, cudaStream_t) {
  return Enter("GraphUpload");
}

cudaError_t FakeCudaRuntime::GraphLaunch(cudaGraphExec_t executable, cudaStream_t) {
  for (const auto& work : s_.graphs.at(reinterpret_cast<uintptr_t>(executable))) work();
  return Enter("GraphLaunch");
}

cudaError_t FakeCudaRuntime::EventCreateWithFlags(cudaEvent_t* event, unsigned) {
  if (const cudaError_t code = Enter("EventCreateWithFlags"); code != cudaSuccess) return code;
  *event = reinterpret_cast<cudaEvent_t>(s_.next_handle++);
  ++s_.alive["event"];
  return cudaSuccess;
}

cudaError_t FakeCudaRuntime::EventDestroy(cudaEvent_t) {
  --s_.alive["event"];
  return Enter("EventDestroy");
}

cudaError_t FakeCudaRuntime::EventRecord(cudaEvent_t, cudaStream_t) { return Enter("EventRecord"); }

cudaError_t FakeCudaRuntime::EventQuery(cudaEvent_t) {
  if (const cudaError_t code = Enter("EventQuery"); code != cudaSuccess) return code;
  return s_.is_ready() ? cudaSuccess : cudaErrorNotReady;
}

cudaError_t FakeCudaRuntime::EventSynchronize(cudaEvent_t) {
  return s_.Waiting("EventSynchronize");
}

cudaError_t FakeCudaRuntime::EventElapsedTime(float* milliseconds, cudaEvent_t, cudaEvent_t) {
  *milliseconds = s_.milliseconds.empty() ? 1 : s_.milliseconds.front();
  if (s_.milliseconds.size() > 1) s_.milliseconds.erase(s_.milliseconds.begin());
  return Enter("EventElapsedTime");
}

}  // namespace basisbench
