// SPDX-License-Identifier: Apache-2.0
// What this processor can do, asked of the processor itself. Constant for the life of the process;
// thread-safe.
#pragma once

#include <cstdint>

namespace basisbench {

enum class SimdLevel { kBaseline, kAvx2, kAvx512 };

// Highest level that the processor and the operating system support.
SimdLevel DetectSimdLevel();

// Bytes that a rank can hope to find again in a cache. The system shows the whole last-level cache,
// which a virtual machine shares with its neighbours and a rank with other ranks; a common value
// when the system does not tell.
int64_t CacheShareBytes();

}  // namespace basisbench
