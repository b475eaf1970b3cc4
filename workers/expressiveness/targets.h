// SPDX-License-Identifier: Apache-2.0
// The matrices the score asks families for: n x n, of squared norm n (GAUSS in expectation), each
// from a random stream of its own. Two are arbitrary, nine have a fast algorithm or a structure.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "workers/expressiveness/matrix.h"

namespace basisbench {

// Real, but for the DFT, whose members are then complex too.
using TargetMatrix = std::variant<Matrix<double>, Matrix<Complex>>;

struct Target {
  std::string name;
  int64_t n = 0;
  TargetMatrix matrix;
};

// HAAR    Q of a Gaussian matrix: an arbitrary change of basis
// GAUSS   independent normals: an arbitrary linear map
// DFT DCT2 WHT HAARW  the classical bases: Fourier, cosine, Walsh-Hadamard, Haar wavelets
// PERM    a random permutation: routing
// CIRC CAUSAL  circular and causal convolution with a random filter
// LOWRANK a random map through n/8 dimensions
// BFLY    a planted fast transform: a butterfly of random rotations
std::vector<std::string> TargetNames();
// Whether the mean of arbitrary targets counts it.
bool IsArbitrary(absl::string_view target);

// Smallest size for which every target exists; n is a power of two.
inline constexpr int64_t kSmallestTarget = 8;
inline constexpr int64_t kLargestTarget = 4096;

// OK if targets of this size exist; INVALID_ARGUMENT naming n otherwise.
absl::Status CheckTargetSize(int64_t n);

// INVALID_ARGUMENT naming an unknown target or a size that is no power of two in range; the errors
// of lapack.h.
absl::StatusOr<Target> MakeTarget(absl::string_view name, int64_t n);

}  // namespace basisbench
