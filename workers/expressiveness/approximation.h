// SPDX-License-Identifier: Apache-2.0
// Closest matrices of low rank, the step that most fits repeat. Errors are those of lapack.h.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "services/base/status_macros.h"
#include "workers/expressiveness/lapack.h"
#include "workers/expressiveness/matrix.h"

namespace basisbench {

// Replaces `best` where the candidate is closer to the target.
template <typename T>
void KeepBetter(const Matrix<T>& target, Matrix<T> candidate, Matrix<T>& best) {
  if (CapturedEnergy(target, candidate) > CapturedEnergy(target, best)) best = std::move(candidate);
}

// left right, both carrying the square roots of the singular values.
template <typename T>
struct Factors {
  Matrix<T> left;   // rows x rank
  Matrix<T> right;  // rank x cols
};

// The closest matrix of at most `rank`, as two balanced factors (Eckart and Young, 1936).
template <typename T>
absl::StatusOr<Factors<T>> BalancedFactors(const Matrix<T>& a, int64_t rank) {
  BB_ASSIGN_OR_RETURN(const Svd<T> svd, DecomposeSingular(a));
  Factors<T> out{Block(svd.u, 0, 0, a.rows(), rank), Block(svd.vh, 0, 0, rank, a.cols())};
  for (int64_t r = 0; r < rank; ++r) {
    const double root = std::sqrt(svd.s[r]);
    for (int64_t i = 0; i < a.rows(); ++i) out.left(i, r) *= root;
    for (int64_t j = 0; j < a.cols(); ++j) out.right(r, j) *= root;
  }
  return out;
}

// The closest matrix of at most `rank`.
template <typename T>
absl::StatusOr<Matrix<T>> ClosestOfRank(const Matrix<T>& a, int64_t rank) {
  if (rank >= std::min(a.rows(), a.cols())) return a;
  if (rank == 0) return Matrix<T>(a.rows(), a.cols());
  BB_ASSIGN_OR_RETURN(const Factors<T> factors, BalancedFactors(a, rank));
  return Multiply(factors.left, factors.right);
}

}  // namespace basisbench
