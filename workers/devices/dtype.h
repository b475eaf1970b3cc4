// SPDX-License-Identifier: Apache-2.0
// Element types of operands and outputs.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace basisbench {

enum class Dtype { kF32, kF64 };

// "f32", "f64".
absl::string_view DtypeName(Dtype dtype);

// INVALID_ARGUMENT listing the known names.
absl::StatusOr<Dtype> ParseDtype(absl::string_view name);

// Bytes per element.
int64_t DtypeSize(Dtype dtype);

// Unit roundoff u = 2^-p: 2^-24 for f32, 2^-53 for f64.
double UnitRoundoff(Dtype dtype);

}  // namespace basisbench
