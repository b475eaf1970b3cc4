// SPDX-License-Identifier: Apache-2.0
// Memory that the processor may not touch but while its owner has opened it: a stand-in for a
// device's. Touching it ends the program. One thread.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "workers/devices/buffer.h"

namespace basisbench {

class SealedMemory {
 public:
  explicit SealedMemory(int64_t bytes = int64_t{1} << 30)
      : bytes_(bytes),
        base_(static_cast<std::byte*>(mmap(nullptr, bytes_, PROT_NONE,
                                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))) {}
  ~SealedMemory() { munmap(base_, bytes_); }
  SealedMemory(const SealedMemory&) = delete;
  SealedMemory& operator=(const SealedMemory&) = delete;

  // Zeros; stays as it is found, open or not. Room is only made anew once all are given back.
  absl::StatusOr<Buffer> Allocate(int64_t bytes) {
    const int64_t size = (bytes + kAlignment - 1) / kAlignment * kAlignment;
    if (base_ == MAP_FAILED || used_ + size > bytes_) {
      return absl::ResourceExhaustedError(absl::StrCat("no ", bytes, " bytes of sealed memory"));
    }
    std::byte* data = base_ + used_;
    used_ += size;
    ++alive_;
    const bool was_open = open_;
    Open();
    std::memset(data, 0, static_cast<size_t>(size));
    if (!was_open) Close();
    return Buffer(data, bytes, [this](void*) {
      if (--alive_ == 0) used_ = 0;
    });
  }

  void Open() { Protect(true); }
  void Close() { Protect(false); }

 private:
  static constexpr int64_t kAlignment = 256;

  void Protect(bool open) {
    if (open == open_) return;
    mprotect(base_, bytes_, open ? PROT_READ | PROT_WRITE : PROT_NONE);
    open_ = open;
  }

  const int64_t bytes_;
  std::byte* const base_;
  int64_t used_ = 0;
  int alive_ = 0;
  bool open_ = false;
};

}  // namespace basisbench
