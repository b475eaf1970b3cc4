// SPDX-License-Identifier: Apache-2.0
// Least squares with coefficients that may not be negative: no kernel, message or byte gives time
// back. Pure.
#pragma once

#include <cstddef>
#include <vector>

namespace basisbench {

// The normal equations of a least-squares problem: sums over its rows, so that rows can be added
// and taken away. `size` columns; `gram` is row-major and symmetric.
struct NormalEquations {
  explicit NormalEquations(size_t columns)
      : size(columns), gram(columns * columns, 0.0), right(columns, 0.0) {}

  // Adds the row `weight` times; -1 takes it away.
  void Add(const std::vector<double>& row, double target, double weight);

  size_t size;
  std::vector<double> gram;
  std::vector<double> right;
};

// Lawson and Hanson's active set method ("Solving Least Squares Problems", chapter 23): the
// coefficients >= 0 that minimise the sum of squares. A column that depends on those in use, or
// that is all zero, gets 0.
std::vector<double> SolveNonNegative(const NormalEquations& equations);

}  // namespace basisbench
