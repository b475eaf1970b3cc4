// SPDX-License-Identifier: Apache-2.0
#include "workers/measure/device_cache.h"

#include <utility>

#include "services/base/status_macros.h"

namespace basisbench {
namespace {

constexpr int64_t kColumns = 1024;

}  // namespace

absl::StatusOr<DeviceCacheFlusher> DeviceCacheFlusher::Make(Device& device, int64_t cache_bytes) {
  ColumnSumArgs args;
  args.cols = kColumns;
  const int64_t row_bytes = kColumns * DtypeSize(args.dtype);
  args.rows = (2 * cache_bytes + row_bytes - 1) / row_bytes;
  // The sums lie behind what is read.
  BB_ASSIGN_OR_RETURN(Buffer buffer, device.Allocate((args.rows + 1) * row_bytes));
  DeviceCacheFlusher flusher(device, std::move(buffer));
  args.x = flusher.buffer_.data();
  args.x_row_stride = kColumns;
  args.y = flusher.buffer_.data() + args.rows * row_bytes;
  flusher.args_ = args;
  return flusher;
}

absl::Status DeviceCacheFlusher::Flush() {
  BB_RETURN_IF_ERROR(device_->ColumnSum(args_));
  return device_->Synchronize();
}

}  // namespace basisbench
