// SPDX-License-Identifier: Apache-2.0
#include "workers/expressiveness/rng.h"

#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

namespace basisbench {

uint64_t Rng::Next() {
  state_ += 0x9E3779B97F4A7C15;
  uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

double Rng::Uniform() { return (static_cast<double>(Next() >> 11) + 0.5) * 0x1p-53; }

double Rng::Normal() {
  if (second_.has_value()) return *std::exchange(second_, std::nullopt);
  const double radius = std::sqrt(-2 * std::log(Uniform()));
  const double angle = 2 * std::numbers::pi * Uniform();
  second_ = radius * std::sin(angle);
  return radius * std::cos(angle);
}

Matrix<double> Rng::NormalMatrix(int64_t rows, int64_t cols) {
  Matrix<double> out(rows, cols);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < cols; ++j) out(i, j) = Normal();
  return out;
}

std::vector<int64_t> Rng::Permutation(int64_t n) {
  std::vector<int64_t> out(n);
  std::iota(out.begin(), out.end(), 0);
  for (int64_t i = n - 1; i > 0; --i) std::swap(out[i], out[Next() % (i + 1)]);
  return out;
}

}  // namespace basisbench
