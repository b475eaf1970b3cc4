// SPDX-License-Identifier: Apache-2.0
// Y = Re(F_N X F_d) as one writes it with an FFT library: real transforms along the rows, complex
// ones along the columns, in place, then the copy of the real parts with the mirrored half. The
// transforms are the device's (FFTW unless it is left out of the build), planned with the same
// effort. One thread; not an operator, only a peer to be faster than.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "workers/devices/device.h"
#include "workers/operators/problem.h"

namespace basisbench {

class PlainFnet {
 public:
  // Of a copy of x, tokens x d_in.
  static absl::StatusOr<std::unique_ptr<PlainFnet>> Make(Device& device, const ProblemShape& shape,
                                                         const float* x);
  absl::Status Run();
  const void* y() const { return y_.data(); }

 private:
  explicit PlainFnet(const ProblemShape& shape) : tokens_(shape.tokens), width_(shape.d_in) {}
  void TakeRealParts();

  const int64_t tokens_, width_;
  Buffer x_, spectrum_, y_;
  std::unique_ptr<FftPlan> rows_, columns_;
};

}  // namespace basisbench
