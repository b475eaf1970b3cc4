// SPDX-License-Identifier: Apache-2.0
// Numbers that a plan computes once and its device reads in every run: twiddles, permutations.
#pragma once

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "workers/devices/device.h"

namespace basisbench {

// Rounded to `dtype`, one after the other.
absl::StatusOr<Buffer> MakeConstants(Device& device, Dtype dtype, absl::Span<const double> values);
absl::StatusOr<Buffer> MakeIndices(Device& device, absl::Span<const int32_t> indices);

// Elements of `dtype` that `count` indices take up.
int64_t IndexElements(Dtype dtype, int64_t count);

}  // namespace basisbench
