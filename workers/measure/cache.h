// SPDX-License-Identifier: Apache-2.0
// The last-level cache, and how to measure without its help. Reads sysfs; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace basisbench {

// Bytes of the largest cache CPU 0 sees; 0 when the kernel does not tell. `root` holds
// cpu0/cache/index*/size.
int64_t LastLevelCacheBytes(const std::string& root = "/sys/devices/system/cpu");

// Empties the caches by writing a buffer of twice the last-level cache. Belongs to one thread.
class CacheFlusher {
 public:
  // `cache_bytes` 0 takes 64 MiB, more than any last-level cache whose size is commonly hidden.
  explicit CacheFlusher(int64_t cache_bytes);
  void Flush();
  int64_t bytes() const { return static_cast<int64_t>(buffer_.size()); }

 private:
  std::vector<unsigned char> buffer_;
};

}  // namespace basisbench
