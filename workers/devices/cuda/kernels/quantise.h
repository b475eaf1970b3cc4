// SPDX-License-Identifier: Apache-2.0
// Tensors in fp8: e4m3 (sign, four bits of exponent, three of fraction, no infinities, at most 448)
// with one scale for all elements, value = e4m3 * scale.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "workers/devices/device.h"

namespace basisbench {

// All in device memory. The scale takes the largest magnitude to 448; that of zeros is 1. Where an
// element is infinite, it and what is not a number become NaN and all others 0.
struct QuantiseArgs {
  Dtype dtype = Dtype::kF32;  // not f64
  int64_t count = 0;
  const void* x = nullptr;
  uint8_t* values = nullptr;  // `count` of them
  float* scale = nullptr;     // one
};

// On a device with own kernels, else UNIMPLEMENTED; INVALID_ARGUMENT for f64.
absl::Status QuantiseToE4m3(Device& device, const QuantiseArgs& args);

}  // namespace basisbench
