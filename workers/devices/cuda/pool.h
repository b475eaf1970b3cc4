// SPDX-License-Identifier: Apache-2.0
// Memory of a GPU, kept for reuse: cudaMalloc and cudaFree wait for the whole device. A block that
// is given back may be handed out at once, as everything that touches it is on one stream; whoever
// uses another stream waits for it before letting go. Belongs to the device's thread and outlives
// its buffers.
#pragma once

#include <cstdint>
#include <map>

#include "absl/status/statusor.h"
#include "workers/devices/buffer.h"
#include "workers/devices/cuda/api.h"

namespace basisbench {

class CudaPool {
 public:
  // `limit_bytes` of memory in use and kept; 0: what the GPU has.
  CudaPool(CudaRuntimeApi& api, cudaStream_t stream, int64_t limit_bytes)
      : api_(api), stream_(stream), limit_(limit_bytes) {}
  ~CudaPool() { Trim(); }
  CudaPool(const CudaPool&) = delete;
  CudaPool& operator=(const CudaPool&) = delete;

  // Zeros once the stream gets there. RESOURCE_EXHAUSTED naming the bytes.
  absl::StatusOr<Buffer> Allocate(int64_t bytes);

  int64_t bytes_in_use() const { return in_use_; }
  int64_t bytes_kept() const { return kept_bytes_; }

 private:
  absl::StatusOr<void*> Take(int64_t size);
  absl::StatusOr<void*> TakeNew(int64_t size);
  void GiveBack(void* block, int64_t size);
  void Trim();  // gives back to the GPU what is kept

  CudaRuntimeApi& api_;
  const cudaStream_t stream_;
  const int64_t limit_;
  int64_t in_use_ = 0, kept_bytes_ = 0;
  std::multimap<int64_t, void*> kept_;  // by size
};

}  // namespace basisbench
