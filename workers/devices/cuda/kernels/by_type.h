// SPDX-License-Identifier: Apache-2.0
// The instance of a template for the element type of the arguments.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "workers/devices/cuda/kernels/lanes.h"
#include "workers/devices/dtype.h"

namespace basisbench::kernels {

// function(T()) of the real type.
template <typename Function>
absl::Status ByReal(Dtype dtype, Function function) {
  if (dtype == Dtype::kF32) return function(float());
  if (dtype == Dtype::kF64) return function(double());
  return absl::InvalidArgumentError(
      absl::StrCat("no arithmetic in ", std::string(DtypeName(dtype)), ": it is storage only"));
}

// function(E(), T()) of the element and the real type.
template <typename Function>
absl::Status ByElement(Dtype dtype, bool complex, Function function) {
  return ByReal(dtype, [&](auto real) {
    using T = decltype(real);
    return complex ? function(Complex<T>(), real) : function(real, real);
  });
}

}  // namespace basisbench::kernels
