// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/mixer/constants.h"

#include <vector>

#include "services/base/status_macros.h"

namespace basisbench {
namespace {

absl::StatusOr<Buffer> Uploaded(Device& device, const void* values, int64_t bytes) {
  BB_ASSIGN_OR_RETURN(Buffer buffer, device.Allocate(bytes));
  BB_RETURN_IF_ERROR(device.Upload(values, bytes, buffer.data()));
  return buffer;
}

}  // namespace

absl::StatusOr<Buffer> MakeConstants(Device& device, Dtype dtype, absl::Span<const double> values) {
  const auto count = static_cast<int64_t>(values.size());
  std::vector<std::byte> rounded(static_cast<size_t>(count * DtypeSize(dtype)));
  for (int64_t i = 0; i < count; ++i) StoreElement(dtype, rounded.data(), i, values[i]);
  return Uploaded(device, rounded.data(), static_cast<int64_t>(rounded.size()));
}

absl::StatusOr<Buffer> MakeIndices(Device& device, absl::Span<const int32_t> indices) {
  return Uploaded(device, indices.data(), static_cast<int64_t>(indices.size() * sizeof(int32_t)));
}

int64_t IndexElements(Dtype dtype, int64_t count) {
  const int64_t bytes = count * static_cast<int64_t>(sizeof(int32_t));
  return (bytes + DtypeSize(dtype) - 1) / DtypeSize(dtype);
}

}  // namespace basisbench
