// SPDX-License-Identifier: Apache-2.0
// Matrices of low displacement rank from the definition, for the tests.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "workers/expressiveness/lapack.h"
#include "workers/expressiveness/matrix.h"

namespace basisbench {

// sum_r Z_1(g_r) Z_-1(h_r), Z_f(v) having first column v and v f above the diagonal.
inline Matrix<double> LowDisplacement(int64_t n, int64_t rank, const std::vector<double>& p) {
  Matrix<double> out(n, n);
  for (int64_t r = 0; r < rank; ++r) {
    Matrix<double> circulant(n, n), skew(n, n);
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        circulant(i, j) = p[2 * r * n + (i - j + n) % n];
        skew(i, j) = (i < j ? -1 : 1) * p[(2 * r + 1) * n + (i - j + n) % n];
      }
    }
    out = Sum(out, *Multiply(circulant, skew));
  }
  return out;
}

}  // namespace basisbench
