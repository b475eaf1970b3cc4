// SPDX-License-Identifier: Apache-2.0
// What a rank has found wrong with its part of an output, and the verdict over all ranks.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "workers/collectives/communicator.h"
#include "workers/operators/validation.h"

namespace basisbench {

// An error may never be allowed to reach this share of the output's own size, however large the
// magnitudes that an operator states: zeros must not pass as a small error.
inline constexpr double kLargestShare = 0.05;

// The worst that one rank has found.
struct Finding {
  double residual = 0;
  int64_t row = -1;  // global; -1: nothing compared
  double error_squares = 0, reference_squares = 0;
};

// A residual that is not a number counts as infinite.
void Worsen(Finding& finding, double residual, int64_t row);

// The worst over all ranks, the same on all of them. Collective.
absl::StatusOr<ValidationReport> WorstOfAll(const Finding& finding, double tolerance,
                                            Communicator& communicator);

}  // namespace basisbench
