// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/mixer/constants.h"

#include <algorithm>

#include "services/base/status_macros.h"

namespace basisbench {

absl::StatusOr<Buffer> MakeConstants(Device& device, Dtype dtype, absl::Span<const double> values) {
  const auto count = static_cast<int64_t>(values.size());
  BB_ASSIGN_OR_RETURN(Buffer buffer, device.Allocate(count * DtypeSize(dtype)));
  for (int64_t i = 0; i < count; ++i) StoreElement(dtype, buffer.data(), i, values[i]);
  return buffer;
}

absl::StatusOr<Buffer> MakeIndices(Device& device, absl::Span<const int32_t> indices) {
  const auto bytes = static_cast<int64_t>(indices.size() * sizeof(int32_t));
  BB_ASSIGN_OR_RETURN(Buffer buffer, device.Allocate(bytes));
  std::copy(indices.begin(), indices.end(), buffer.as<int32_t>());
  return buffer;
}

int64_t IndexElements(Dtype dtype, int64_t count) {
  const int64_t bytes = count * static_cast<int64_t>(sizeof(int32_t));
  return (bytes + DtypeSize(dtype) - 1) / DtypeSize(dtype);
}

}  // namespace basisbench
