// SPDX-License-Identifier: Apache-2.0
#include "workers/expressiveness/transforms.h"

#include <bit>
#include <cmath>
#include <numbers>

namespace basisbench {
namespace {

// The product is reduced first: cos of a large argument loses digits.
double TurnOf(int64_t j, int64_t k, int64_t n) {
  return 2 * std::numbers::pi * static_cast<double>(j * k % n) / static_cast<double>(n);
}

}  // namespace

Matrix<Complex> DftMatrix(int64_t n) {
  Matrix<Complex> out(n, n);
  const double scale = 1 / std::sqrt(static_cast<double>(n));
  for (int64_t j = 0; j < n; ++j)
    for (int64_t k = 0; k < n; ++k) out(j, k) = std::polar(scale, -TurnOf(j, k, n));
  return out;
}

Matrix<double> DctMatrix(int64_t n) {
  Matrix<double> out(n, n);
  for (int64_t k = 0; k < n; ++k) {
    const double scale = std::sqrt((k == 0 ? 1.0 : 2.0) / static_cast<double>(n));
    for (int64_t j = 0; j < n; ++j) out(k, j) = scale * std::cos(TurnOf(2 * j + 1, k, 4 * n));
  }
  return out;
}

Matrix<double> WhtMatrix(int64_t n) {
  Matrix<double> out(n, n);
  const double scale = 1 / std::sqrt(static_cast<double>(n));
  for (int64_t j = 0; j < n; ++j)
    for (int64_t k = 0; k < n; ++k)
      out(j, k) = std::popcount(static_cast<uint64_t>(j & k)) % 2 == 0 ? scale : -scale;
  return out;
}

Matrix<double> HaarWaveletMatrix(int64_t n) {
  Matrix<double> out(n, n);
  for (int64_t j = 0; j < n; ++j) out(0, j) = 1 / std::sqrt(static_cast<double>(n));
  for (int64_t row = 1; row < n; ++row) {
    const int64_t scale = std::bit_floor(static_cast<uint64_t>(row));
    const int64_t support = n / scale, first = (row - scale) * support;
    const double height = 1 / std::sqrt(static_cast<double>(support));
    for (int64_t j = 0; j < support; ++j) out(row, first + j) = j < support / 2 ? height : -height;
  }
  return out;
}

Matrix<double> HartleyMatrix(int64_t n) {
  Matrix<double> out(n, n);
  const double scale = 1 / std::sqrt(static_cast<double>(n));
  for (int64_t j = 0; j < n; ++j)
    for (int64_t k = 0; k < n; ++k)
      out(j, k) = scale * (std::cos(TurnOf(j, k, n)) + std::sin(TurnOf(j, k, n)));
  return out;
}

}  // namespace basisbench
