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
  if (const cudaError_t code = Enter("Malloc"); code != cudaSuccess) return code;
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

cudaError_t FakeCudaRuntime::MemsetAsync(void* data, int value, size_t bytes, cudaStream_t) {
  std::memset(data, value, bytes);
  return Enter("MemsetAsync");
}

cudaError_t FakeCudaRuntime::MemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind,
                                         cudaStream_t) {
  std::memcpy(to, from, bytes);
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

cudaError_t FakeCudaRuntime::StreamSynchronize(cudaStream_t) { return Enter("StreamSynchronize"); }

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

cudaError_t FakeCudaRuntime::EventSynchronize(cudaEvent_t) { return Enter("EventSynchronize"); }

cudaError_t FakeCudaRuntime::EventElapsedTime(float* milliseconds, cudaEvent_t, cudaEvent_t) {
  *milliseconds = s_.milliseconds.empty() ? 1 : s_.milliseconds.front();
  if (s_.milliseconds.size() > 1) s_.milliseconds.erase(s_.milliseconds.begin());
  return Enter("EventElapsedTime");
}

}  // namespace basisbench
