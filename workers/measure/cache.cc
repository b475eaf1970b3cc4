// SPDX-License-Identifier: Apache-2.0
#include "workers/measure/cache.h"

#include <algorithm>
#include <fstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace basisbench {
namespace {

constexpr int64_t kAssumedCacheBytes = int64_t{64} << 20;
constexpr int64_t kLineBytes = 64;
constexpr int kMostCacheLevels = 10;

// "32768K", "8M"; 0 when it is something else.
int64_t ParseSize(const std::string& text) {
  if (text.empty()) return 0;
  int64_t unit = 1;
  absl::string_view digits = text;
  if (text.back() == 'K') unit = int64_t{1} << 10;
  if (text.back() == 'M') unit = int64_t{1} << 20;
  if (unit > 1) digits.remove_suffix(1);
  int64_t value = 0;
  return absl::SimpleAtoi(digits, &value) && value > 0 ? value * unit : 0;
}

}  // namespace

int64_t LastLevelCacheBytes(const std::string& root) {
  int64_t largest = 0;
  for (int index = 0; index < kMostCacheLevels; ++index) {
    std::ifstream file(absl::StrCat(root, "/cpu0/cache/index", index, "/size"));
    std::string text;
    if (file >> text) largest = std::max(largest, ParseSize(text));
  }
  return largest;
}

CacheFlusher::CacheFlusher(int64_t cache_bytes)
    : buffer_(static_cast<size_t>(2 * (cache_bytes > 0 ? cache_bytes : kAssumedCacheBytes))) {}

void CacheFlusher::Flush() {
  // Volatile keeps the writes, which nobody reads.
  volatile unsigned char* data = buffer_.data();
  for (size_t i = 0; i < buffer_.size(); i += kLineBytes) data[i] = data[i] + 1;
}

}  // namespace basisbench
