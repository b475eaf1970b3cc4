// SPDX-License-Identifier: Apache-2.0
// A fixed linear map of rows to rows of the same length, and its adjoint. Prepared: nothing
// allocates. Belongs to one plan.
#pragma once

#include "workers/operators/mixer/blocked_mixer.h"

namespace basisbench {

class RowTransform {
 public:
  virtual ~RowTransform() = default;
  // `to` may be `from`.
  virtual absl::Status Apply(int64_t rows, const Source& from, const Target& to) = 0;
  virtual absl::Status Adjoint(int64_t rows, const Source& from, const Target& to) = 0;
};

}  // namespace basisbench
