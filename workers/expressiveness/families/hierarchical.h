// SPDX-License-Identifier: Apache-2.0
// The level-by-level fit of products of sparse stages; hierarchical.cc says how it works.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "services/base/status_macros.h"
#include "workers/expressiveness/approximation.h"
#include "workers/expressiveness/matrix.h"

namespace basisbench {

// Stages from the output to the input; the product of the radices times the block is n.
struct Stages {
  std::vector<int64_t> radices;
  int64_t block = 1;
};

// lg(n / block) stages of radix 2.
Stages ButterflyStages(int64_t n, int64_t block);

// The rows i, i + h, ... of column group c, `block` of each, as one matrix and back.
struct Strand {
  int64_t radix, block, part;  // part: h, rows and columns of a group
  int64_t group, first;        // c, and the first row i

  template <typename Visit>
  void ForEach(Visit visit) const {
    for (int64_t q = 0; q < radix; ++q)
      for (int64_t b = 0; b < block; ++b)
        for (int64_t j = 0; j < part; ++j)
          visit(q * part + first + b, group * part + j, q * block + b, j);
  }
};

// The closest matrix of rank one to two rows, as balanced factors, from the 2 x 2 Gram matrix.
// Where the rows are orthogonal and equally long every direction is as good here, though not for
// the levels below: then the first row is kept, so that rounding does not decide the score.
template <typename T>
Factors<T> DominantPair(const Matrix<T>& rows) {
  double upper = 0, lower = 0;
  T cross = 0;  // <row 1, row 0>
  for (int64_t j = 0; j < rows.cols(); ++j) {
    upper += SquaredModulus(rows(0, j));
    lower += SquaredModulus(rows(1, j));
    cross += rows(0, j) * Conjugate(rows(1, j));
  }
  Factors<T> out{Matrix<T>(2, 1), Matrix<T>(1, rows.cols())};
  const double half = (upper - lower) / 2, size = std::sqrt(SquaredModulus(cross));
  const double radius = std::hypot(half, size);
  T u[2] = {1, 0};
  if (radius > 1e-12 * (upper + lower)) {
    // (radius + half, conj cross) and (cross, radius - half) are both eigenvectors; the longer is
    // the one without cancellation.
    u[0] = half >= 0 ? T(radius + half) : cross;
    u[1] = half >= 0 ? Conjugate(cross) : T(radius - half);
    const double norm = std::sqrt(SquaredModulus(u[0]) + SquaredModulus(u[1]));
    u[0] /= norm;
    u[1] /= norm;
  }
  double energy = 0;
  for (int64_t j = 0; j < rows.cols(); ++j) {
    out.right(0, j) = Conjugate(u[0]) * rows(0, j) + Conjugate(u[1]) * rows(1, j);
    energy += SquaredModulus(out.right(0, j));
  }
  const double root = std::sqrt(std::sqrt(energy));
  for (int64_t j = 0; root > 0 && j < rows.cols(); ++j) out.right(0, j) /= root;
  out.left(0, 0) = u[0] * root;
  out.left(1, 0) = u[1] * root;
  return out;
}

// The member of the family that the level-by-level fit reaches for a square target. Errors of
// lapack.h.
template <typename T>
absl::StatusOr<Matrix<T>> FitStages(const Matrix<T>& target, const Stages& stages,
                                    size_t level = 0) {
  const int64_t n = target.rows();
  // A last stage can be any matrix.
  if (level + 1 >= stages.radices.size()) return target;
  const int64_t radix = stages.radices[level], block = stages.block, part = n / radix;
  Matrix<T> member(n, n), strand(radix * block, part);
  for (int64_t group = 0; group < radix; ++group) {
    std::vector<Matrix<T>> lefts;
    Matrix<T> below(part, part);
    for (int64_t first = 0; first < part; first += block) {
      const Strand place{radix, block, part, group, first};
      place.ForEach(
          [&](int64_t i, int64_t j, int64_t r, int64_t c) { strand(r, c) = target(i, j); });
      Factors<T> factors;
      if (radix * block == 2) {
        factors = DominantPair(strand);
      } else {
        BB_ASSIGN_OR_RETURN(factors, BalancedFactors(strand, block));
      }
      for (int64_t b = 0; b < block; ++b)
        for (int64_t j = 0; j < part; ++j) below(first + b, j) = factors.right(b, j);
      lefts.push_back(std::move(factors.left));
    }
    BB_ASSIGN_OR_RETURN(const Matrix<T> fitted, FitStages(below, stages, level + 1));
    for (int64_t first = 0; first < part; first += block) {
      const Matrix<T>& left = lefts[first / block];
      const Strand place{radix, block, part, group, first};
      place.ForEach([&](int64_t i, int64_t j, int64_t r, int64_t c) {
        for (int64_t b = 0; b < block; ++b) member(i, j) += left(r, b) * fitted(first + b, c);
      });
    }
  }
  return member;
}

}  // namespace basisbench
