// SPDX-License-Identifier: Apache-2.0
// Host memory that stays where it is, so that a GPU copies to and from it at its full rate. Any
// thread.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "workers/devices/buffer.h"
#include "workers/devices/cuda/api.h"

namespace basisbench {

// RESOURCE_EXHAUSTED naming the bytes when the host cannot pin as many.
absl::StatusOr<Buffer> AllocatePinned(int64_t bytes);

// With the given library, which outlives the memory.
absl::StatusOr<Buffer> AllocatePinned(int64_t bytes, CudaRuntimeApi& runtime);

}  // namespace basisbench
