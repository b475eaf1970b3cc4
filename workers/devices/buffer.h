// SPDX-License-Identifier: Apache-2.0
// Memory of a device, owned. 64-byte aligned at least. Freed by the device that allocated it, which
// must outlive it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace basisbench {

class Buffer {
 public:
  Buffer() = default;
  Buffer(void* data, int64_t bytes, std::function<void(void*)> release)
      : data_(data, std::move(release)), bytes_(bytes) {}

  std::byte* data() { return static_cast<std::byte*>(data_.get()); }
  const std::byte* data() const { return static_cast<const std::byte*>(data_.get()); }
  int64_t bytes() const { return bytes_; }

  template <typename T>
  T* as() {
    return static_cast<T*>(data_.get());
  }
  template <typename T>
  const T* as() const {
    return static_cast<const T*>(data_.get());
  }

 private:
  std::unique_ptr<void, std::function<void(void*)>> data_{nullptr, [](void*) {}};
  int64_t bytes_ = 0;
};

}  // namespace basisbench
