// SPDX-License-Identifier: Apache-2.0
#include "workers/devices/cpu/cpu_features.h"

#include <unistd.h>

namespace basisbench {

SimdLevel DetectSimdLevel() {
  static const SimdLevel level = [] {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw")) {
      return SimdLevel::kAvx512;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return SimdLevel::kAvx2;
    return SimdLevel::kBaseline;
  }();
  return level;
}

int64_t LastLevelCacheBytes() {
  static const int64_t bytes = [] {
    constexpr int64_t kCommon = int64_t{32} << 20;
    const int64_t l3 = sysconf(_SC_LEVEL3_CACHE_SIZE);
    return l3 > 0 ? l3 : kCommon;
  }();
  return bytes;
}

}  // namespace basisbench
