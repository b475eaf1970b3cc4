// SPDX-License-Identifier: Apache-2.0
#include "workers/devices/cuda/pinned.h"

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/devices/cuda/check.h"

namespace basisbench {

absl::StatusOr<Buffer> AllocatePinned(int64_t bytes) {
  return AllocatePinned(bytes, *RealCudaApi().runtime);
}

absl::StatusOr<Buffer> AllocatePinned(int64_t bytes, CudaRuntimeApi& runtime) {
  void* data = nullptr;
  BB_RETURN_IF_ERROR(
      CheckCuda(runtime.HostAlloc(&data, static_cast<size_t>(bytes), cudaHostAllocDefault),
                absl::StrCat("cudaHostAlloc of ", bytes, " bytes")));
  return Buffer(data, bytes, [&runtime](void* memory) { (void)runtime.FreeHost(memory); });
}

}  // namespace basisbench
