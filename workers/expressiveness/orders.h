// SPDX-License-Identifier: Apache-2.0
// Index orders in which fast transforms are written. A family that holds a transform only up to one
// of them holds the same change of basis with its inputs or outputs renamed. Pure functions; n is a
// power of two.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "workers/expressiveness/matrix.h"

namespace basisbench {

// The earlier of equals wins.
inline constexpr std::array<char, 4> kOrders = {'I', 'R', 'S', 'W'};

// lg n of a power of two.
int LogTwo(int64_t n);
bool IsPowerOfTwo(int64_t n);
// The divisor of n nearest its square root from below: 8 for 64, 4 for 32.
int64_t SquareSide(int64_t n);

// Where index i goes: 'I' stays, 'R' reverses its bits, 'S' transposes it as a SquareSide(n) x
// n / SquareSide(n) array, 'W' sends the wavelet of scale 2^j and place t, listed from coarse to
// fine, to (2t+1) n / 2^(j+1), its place in a transform done in place.
std::vector<int64_t> OrderOf(char order, int64_t n);

// out[to_row[i], to_col[j]] = a[i, j].
template <typename T>
Matrix<T> Reorder(const Matrix<T>& a, const std::vector<int64_t>& to_row,
                  const std::vector<int64_t>& to_col) {
  Matrix<T> out(a.rows(), a.cols());
  for (int64_t i = 0; i < a.rows(); ++i)
    for (int64_t j = 0; j < a.cols(); ++j) out(to_row[i], to_col[j]) = a(i, j);
  return out;
}

// The inverse of Reorder: out[i, j] = a[to_row[i], to_col[j]].
template <typename T>
Matrix<T> RestoreOrder(const Matrix<T>& a, const std::vector<int64_t>& to_row,
                       const std::vector<int64_t>& to_col) {
  Matrix<T> out(a.rows(), a.cols());
  for (int64_t i = 0; i < a.rows(); ++i)
    for (int64_t j = 0; j < a.cols(); ++j) out(i, j) = a(to_row[i], to_col[j]);
  return out;
}

}  // namespace basisbench
