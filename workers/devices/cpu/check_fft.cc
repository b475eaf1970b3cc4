// SPDX-License-Identifier: Apache-2.0
#include "absl/strings/str_cat.h"
#include "workers/devices/cpu/fft.h"

namespace basisbench {

absl::Status CheckFft(const FftDescription& description) {
  if (description.n < 1) {
    return absl::InvalidArgumentError(absl::StrCat("FFT length ", description.n, " is below 1"));
  }
  if (description.howmany < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("FFT howmany = ", description.howmany, " is negative"));
  }
  if (description.in_stride < 1 || description.out_stride < 1) {
    return absl::InvalidArgumentError(absl::StrCat("FFT strides ", description.in_stride, ", ",
                                                   description.out_stride, " must be positive"));
  }
  if ((description.real_input && description.inverse) ||
      (description.real_output && !description.inverse)) {
    return absl::InvalidArgumentError(
        "FFT: real input is for the forward direction, real output for the inverse");
  }
  return absl::OkStatus();
}

}  // namespace basisbench
