// SPDX-License-Identifier: Apache-2.0
#include "workers/devices/cpu/cpu_features.h"

#include <unistd.h>

#include <algorithm>

namespace basisbench {

SimdLevel DetectSimdLevel() {
  static const SimdLevel level = [] {
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("f16c")) return SimdLevel::kBaseline;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw")) {
      return SimdLevel::kAvx512;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return SimdLevel::kAvx2;
    return SimdLevel::kBaseline;
  }();
  return level;
}

int64_t CacheShareBytes() {
  static const int64_t bytes = [] {
    constexpr int64_t kCommonL3 = int64_t{32} << 20, kCommonL2 = int64_t{1} << 20;
    // Servers have one to two MiB of last-level cache per core, and as much of level 2.
    constexpr int64_t kCoresWorth = 16;
    const int64_t l3 = sysconf(_SC_LEVEL3_CACHE_SIZE), l2 = sysconf(_SC_LEVEL2_CACHE_SIZE);
    return std::min(l3 > 0 ? l3 : kCommonL3, kCoresWorth * (l2 > 0 ? l2 : kCommonL2));
  }();
  return bytes;
}

}  // namespace basisbench
