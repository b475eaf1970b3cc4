// SPDX-License-Identifier: Apache-2.0
// The random numbers of the score: SplitMix64 (Steele, Lea and Flood, 2014), uniforms, normals by
// Box and Muller, shuffles. The same stream in any language. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "workers/expressiveness/matrix.h"

namespace basisbench {

class Rng {
 public:
  explicit Rng(uint64_t seed) : state_(seed) {}

  uint64_t Next();
  // In (0,1): the upper 53 bits, centred in their interval, so that its logarithm is finite.
  double Uniform();
  // Standard normal. Two uniforms give two normals, the cosine first.
  double Normal();
  // rows x cols standard normals, filled row by row.
  Matrix<double> NormalMatrix(int64_t rows, int64_t cols);
  // A permutation of 0..n-1 by Fisher and Yates, from the last place to the second.
  std::vector<int64_t> Permutation(int64_t n);

 private:
  uint64_t state_;
  std::optional<double> second_;
};

}  // namespace basisbench
