// SPDX-License-Identifier: Apache-2.0
#include "workers/devices/cpu/host_memory.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace basisbench {
namespace {

constexpr int64_t kAlignment = 64;
constexpr int64_t kHugePage = int64_t{2} << 20;
constexpr int64_t kLargest = int64_t{1} << 62;

int64_t RoundUp(int64_t bytes, int64_t unit) { return (bytes + unit - 1) / unit * unit; }

}  // namespace

absl::StatusOr<Buffer> HostMemory::Allocate(int64_t bytes) {
  if (bytes < 0)
    return absl::InvalidArgumentError(absl::StrCat("cannot allocate ", bytes, " bytes"));
  if (bytes == 0) return Buffer();
  if (bytes > kLargest) {
    return absl::ResourceExhaustedError(absl::StrCat("no room for ", bytes, " bytes"));
  }
  const bool large = bytes >= kHugePage;
  const int64_t alignment = large ? kHugePage : kAlignment;
  const int64_t size = RoundUp(bytes, kAlignment);
  const int64_t before = used_->fetch_add(size);
  if (limit_ > 0 && before + size > limit_) {
    used_->fetch_sub(size);
    return absl::ResourceExhaustedError(
        absl::StrCat("no room for ", bytes, " bytes: ", before, " in use of a limit of ", limit_));
  }
  void* data = std::aligned_alloc(alignment, RoundUp(size, alignment));
  if (data == nullptr) {
    used_->fetch_sub(size);
    return absl::ResourceExhaustedError(
        absl::StrCat("the system has no room for ", bytes, " bytes"));
  }
  // Advice only: a kernel without huge pages runs the same code more slowly.
  if (large) madvise(data, RoundUp(size, alignment), MADV_HUGEPAGE);
  std::memset(data, 0, size);
  return Buffer(data, bytes, [used = used_, size](void* block) {
    std::free(block);
    used->fetch_sub(size);
  });
}

}  // namespace basisbench
