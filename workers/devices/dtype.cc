// SPDX-License-Identifier: Apache-2.0
#include "workers/devices/dtype.h"

#include "absl/strings/str_cat.h"

namespace basisbench {

absl::string_view DtypeName(Dtype dtype) { return dtype == Dtype::kF32 ? "f32" : "f64"; }

absl::StatusOr<Dtype> ParseDtype(absl::string_view name) {
  for (Dtype dtype : {Dtype::kF32, Dtype::kF64}) {
    if (name == DtypeName(dtype)) return dtype;
  }
  return absl::InvalidArgumentError(absl::StrCat("no dtype '", name, "'; have: f32, f64"));
}

int64_t DtypeSize(Dtype dtype) { return dtype == Dtype::kF32 ? 4 : 8; }

double UnitRoundoff(Dtype dtype) { return dtype == Dtype::kF32 ? 0x1p-24 : 0x1p-53; }

}  // namespace basisbench
