// SPDX-License-Identifier: Apache-2.0
// The CUDA device on a GPU, for tests that hand it memory of the host and look at the results at
// once: whatever this program allocates from its start is memory that host and GPU share, and every
// launch is waited for. A stale write or an access beyond a block is then compute-sanitizer's to
// find, as each block is an allocation of its own.
#include <cstdio>
#include <cstdlib>
#include <new>

#include "tests/fakes/forwarding_cuda.h"
#include "tests/unit/workers/devices/device_test_support.h"
#include "workers/devices/cuda/cuda_device.h"

namespace basisbench {
namespace {

enum class Place : size_t { kHost, kShared };

// Before each block. As long as the alignment that vectors of the GPU's widest type want.
struct alignas(64) Head {
  Place place;
};

bool g_shared = false;  // whether blocks are shared from now on

void* TakeBlock(size_t bytes) {
  void* block = nullptr;
  const size_t whole = sizeof(Head) + bytes;
  const bool shared = g_shared && cudaMallocManaged(&block, whole) == cudaSuccess;
  if (!shared) block = std::aligned_alloc(alignof(Head), (whole + 63) / 64 * 64);
  if (block == nullptr) throw std::bad_alloc();
  auto* head = new (block) Head{shared ? Place::kShared : Place::kHost};
  return head + 1;
}

void GiveBlockBack(void* data) {
  if (data == nullptr) return;
  Head* head = static_cast<Head*>(data) - 1;
  if (head->place == Place::kHost) {
    std::free(head);
  } else {
    static_cast<void>(cudaFree(head));
  }
}

class SharedMemoryRuntime : public ForwardingCudaRuntime {
 public:
  using ForwardingCudaRuntime::ForwardingCudaRuntime;
  cudaError_t Malloc(void** data, size_t bytes) override { return cudaMallocManaged(data, bytes); }
  cudaError_t MemsetAsync(void* data, int value, size_t bytes, cudaStream_t stream) override {
    const cudaError_t code = ForwardingCudaRuntime::MemsetAsync(data, value, bytes, stream);
    return code != cudaSuccess ? code : StreamSynchronize(stream);
  }
  cudaError_t MemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind,
                          cudaStream_t stream) override {
    const cudaError_t code = ForwardingCudaRuntime::MemcpyAsync(to, from, bytes, kind, stream);
    return code != cudaSuccess ? code : StreamSynchronize(stream);
  }
};

CudaApi SharedMemoryApi() {
  CudaApi api = RealCudaApi();
  static SharedMemoryRuntime runtime(*api.runtime);
  api.runtime = &runtime;
  return api;
}

// Before main, so that every block of a test is shared.
const bool kStarted = [] {
  setenv("CUDA_LAUNCH_BLOCKING", "1", 1);  // read by CUDA when it starts
  const absl::Status usable = MakeCudaDevice({}).status();
  if (!usable.ok()) {
    std::fprintf(stderr, "%s\n", usable.ToString().c_str());
    std::exit(1);
  }
  g_shared = true;
  return true;
}();

}  // namespace

std::unique_ptr<Device> TestDevice(int64_t memory_limit) {
  EXPECT_TRUE(kStarted);
  auto device =
      MakeCudaDevice({.memory_limit = memory_limit, .time_gemms = false}, SharedMemoryApi());
  EXPECT_TRUE(device.ok()) << device.status();
  return device.ok() ? std::move(*device) : nullptr;
}

}  // namespace basisbench

void* operator new(size_t bytes) { return basisbench::TakeBlock(bytes); }
void* operator new[](size_t bytes) { return basisbench::TakeBlock(bytes); }
void operator delete(void* data) noexcept { basisbench::GiveBlockBack(data); }
void operator delete[](void* data) noexcept { basisbench::GiveBlockBack(data); }
void operator delete(void* data, size_t) noexcept { basisbench::GiveBlockBack(data); }
void operator delete[](void* data, size_t) noexcept { basisbench::GiveBlockBack(data); }
