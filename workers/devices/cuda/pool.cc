// SPDX-License-Identifier: Apache-2.0
#include "workers/devices/cuda/pool.h"

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/devices/cuda/check.h"

namespace basisbench {
namespace {

// Sizes are few, so that blocks fit each other: multiples of 512 bytes, and of 2 MiB from there on.
constexpr int64_t kSmall = 512, kLarge = int64_t{2} << 20;
constexpr int64_t kLargest = int64_t{1} << 62;

int64_t Rounded(int64_t bytes) {
  const int64_t unit = bytes < kLarge ? kSmall : kLarge;
  return (bytes + unit - 1) / unit * unit;
}

}  // namespace

absl::StatusOr<Buffer> CudaPool::Allocate(int64_t bytes) {
  if (bytes < 0)
    return absl::InvalidArgumentError(absl::StrCat("cannot allocate ", bytes, " bytes"));
  if (bytes == 0) return Buffer();
  if (bytes > kLargest)
    return absl::ResourceExhaustedError(absl::StrCat("no room for ", bytes, " bytes"));
  const int64_t size = Rounded(bytes);
  if (limit_ > 0 && in_use_ + size > limit_) {
    return absl::ResourceExhaustedError(
        absl::StrCat("no room for ", bytes, " bytes: ", in_use_, " in use of a limit of ", limit_));
  }
  BB_ASSIGN_OR_RETURN(void* block, Take(size));
  in_use_ += size;
  Buffer buffer(block, bytes, [this, size](void* data) { GiveBack(data, size); });
  BB_RETURN_IF_ERROR(CheckCuda(api_.MemsetAsync(block, 0, static_cast<size_t>(bytes), stream_),
                               "cudaMemsetAsync"));
  return buffer;
}

absl::StatusOr<void*> CudaPool::Take(int64_t size) {
  const auto found = kept_.find(size);
  if (found == kept_.end()) return TakeNew(size);
  void* block = found->second;
  kept_.erase(found);
  kept_bytes_ -= size;
  return block;
}

absl::StatusOr<void*> CudaPool::TakeNew(int64_t size) {
  if (limit_ > 0 && in_use_ + kept_bytes_ + size > limit_) Trim();
  void* block = nullptr;
  cudaError_t code = api_.Malloc(&block, static_cast<size_t>(size));
  if (code == cudaErrorMemoryAllocation) {
    api_.GetLastError();
    Trim();
    code = api_.Malloc(&block, static_cast<size_t>(size));
  }
  if (code == cudaSuccess) return block;
  api_.GetLastError();
  return CheckCuda(code, absl::StrCat("cudaMalloc of ", size, " bytes, ", in_use_, " in use,"));
}

void CudaPool::GiveBack(void* block, int64_t size) {
  in_use_ -= size;
  kept_bytes_ += size;
  kept_.emplace(size, block);
}

void CudaPool::Trim() {
  for (const auto& [size, block] : kept_) static_cast<void>(api_.Free(block));
  kept_.clear();
  kept_bytes_ = 0;
}

}  // namespace basisbench
