// SPDX-License-Identifier: Apache-2.0
// Operand values by global index: a counter-based generator, so that every rank count and sharding
// computes on the same global matrices and any rank can produce any element.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace basisbench {

enum class Distribution { kNormal, kUniform, kInteger, kZeros, kOnes };

// "normal", "uniform" (in [-1,1)), "integer" (-2..2), "zeros", "ones". INVALID_ARGUMENT listing the
// known names.
absl::StatusOr<Distribution> ParseDistribution(absl::string_view name);

// The values of one named global tensor ("x", "w", "w1", ...). Copyable, cheap, thread-safe.
class TensorValues {
 public:
  // `scale` multiplies every value (e.g. 1/sqrt(K) keeps outputs of order one); it is 1 for
  // kInteger.
  TensorValues(uint64_t seed, absl::string_view tensor, Distribution distribution,
               double scale = 1.0);

  // Value of element (row, col) in float64; callers round it to the case's dtype before use, so
  // that reference and operator see the same operand.
  double At(int64_t row, int64_t col) const;

  // Elements (row, first_col), (row, first_col + 1), ...: the same values as At, several times
  // faster.
  void Row(int64_t row, int64_t first_col, absl::Span<double> out) const;

 private:
  uint64_t key_;
  Distribution distribution_;
  double scale_;
};

}  // namespace basisbench
