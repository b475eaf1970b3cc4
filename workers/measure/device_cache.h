// SPDX-License-Identifier: Apache-2.0
// Empties a GPU's L2 cache by reading twice its size: what is left there are clean lines of no use,
// so that no write-back of the flush falls into the sample. Belongs to the device's thread.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "workers/devices/device.h"

namespace basisbench {

class DeviceCacheFlusher {
 public:
  // RESOURCE_EXHAUSTED where the device has no room for twice `cache_bytes`; `device` outlives the
  // object.
  static absl::StatusOr<DeviceCacheFlusher> Make(Device& device, int64_t cache_bytes);

  // Done when it returns.
  absl::Status Flush();
  int64_t bytes() const { return args_.rows * args_.cols * DtypeSize(args_.dtype); }

 private:
  DeviceCacheFlusher(Device& device, Buffer buffer)
      : device_(&device), buffer_(std::move(buffer)) {}

  Device* device_;
  Buffer buffer_;
  ColumnSumArgs args_;
};

}  // namespace basisbench
