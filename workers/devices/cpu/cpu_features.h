// SPDX-License-Identifier: Apache-2.0
// What this processor can do, asked of the processor itself. Constant for the life of the process;
// thread-safe.
#pragma once

#include <cstdint>

namespace basisbench {

enum class SimdLevel { kBaseline, kAvx2, kAvx512 };

// Highest level that the processor and the operating system support.
SimdLevel DetectSimdLevel();

// Bytes of the last-level cache; a common value when the system does not tell.
int64_t LastLevelCacheBytes();

}  // namespace basisbench
