// SPDX-License-Identifier: Apache-2.0
// ScaLAPACK's p?gemm on the world of this mpirun, loaded at run time where it is installed. One
// thread; MPI must be initialised. Y = X W in single precision over a process grid with square
// blocks, filled with ones.
#pragma once

#include <memory>

#include "absl/status/statusor.h"

namespace basisbench {

struct ScalapackCase {
  int tokens = 0, d_in = 0, d_out = 0;
  int grid_rows = 1, grid_cols = 1;
  int block = 64;
};

class ScalapackGemm {
 public:
  virtual ~ScalapackGemm() = default;
  virtual void Run() = 0;
};

// UNAVAILABLE naming the library where it cannot be loaded.
absl::StatusOr<std::unique_ptr<ScalapackGemm>> MakeScalapackGemm(const ScalapackCase& problem);

}  // namespace basisbench
