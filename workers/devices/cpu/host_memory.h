// SPDX-License-Identifier: Apache-2.0
// Host memory for the CPU device: 64-byte aligned, zeroed and touched by the allocating thread, so
// that a timed region meets no page fault and pages lie on the thread's own memory node. One pool
// per device; thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "workers/devices/buffer.h"

namespace basisbench {

class HostMemory {
 public:
  // `limit` in bytes over all live buffers; 0: none.
  explicit HostMemory(int64_t limit) : limit_(limit) {}

  // RESOURCE_EXHAUSTED naming the bytes asked for, in use, and allowed.
  absl::StatusOr<Buffer> Allocate(int64_t bytes);

 private:
  const int64_t limit_;
  // Shared with the buffers, which give their bytes back when they go.
  std::shared_ptr<std::atomic<int64_t>> used_ = std::make_shared<std::atomic<int64_t>>(0);
};

}  // namespace basisbench
