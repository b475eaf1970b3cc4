// SPDX-License-Identifier: Apache-2.0
// The dense factorisations the fits need, from the OpenBLAS that workers/devices/cpu loads at run
// time. Every function fails with UNAVAILABLE when the library cannot be loaded and with INTERNAL
// when a factorisation does not converge. Deterministic. Thread-safe.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "workers/expressiveness/matrix.h"

namespace basisbench {

// a = u diag(s) vh with k = min(rows, cols) singular values, descending; u is rows x k, vh k x
// cols.
template <typename T>
struct Svd {
  Matrix<T> u;
  std::vector<double> s;
  Matrix<T> vh;
};

// Singular value decomposition by divide and conquer (?gesdd).
absl::StatusOr<Svd<double>> DecomposeSingular(const Matrix<double>& a);
absl::StatusOr<Svd<Complex>> DecomposeSingular(const Matrix<Complex>& a);

// The singular values alone, largest first, by QR iteration (dgesvd): it also converges where most
// of them are rounding, which divide and conquer does not always.
absl::StatusOr<std::vector<double>> SingularValues(const Matrix<double>& a);

// a b.
absl::StatusOr<Matrix<double>> Multiply(const Matrix<double>& a, const Matrix<double>& b);
absl::StatusOr<Matrix<Complex>> Multiply(const Matrix<Complex>& a, const Matrix<Complex>& b);

// The orthogonal factor Q of a = Q R for square a, with signs such that the diagonal of R is
// positive; that makes it unique.
absl::StatusOr<Matrix<double>> OrthogonalFactor(const Matrix<double>& a);

// x of the symmetric positive definite system a x = b (Cholesky); several right sides as columns.
// FAILED_PRECONDITION when a is not positive definite.
absl::StatusOr<Matrix<double>> SolvePositive(const Matrix<double>& a, const Matrix<double>& b);

}  // namespace basisbench
