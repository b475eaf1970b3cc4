// SPDX-License-Identifier: Apache-2.0
#include "workers/expressiveness/tensor_rank.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "services/base/status_macros.h"
#include "workers/expressiveness/lapack.h"
#include "workers/expressiveness/matrix.h"
#include "workers/expressiveness/orders.h"
#include "workers/expressiveness/rng.h"

namespace basisbench {
namespace {

constexpr int64_t kLargestSearched = 4;
constexpr int kSeeds = 32;
constexpr int kSweeps = 500;
// Keeps sweeps from running into large terms that cancel; fades so that the end is almost plain
// least squares, and what is left keeps the systems positive definite.
constexpr double kFirstPenalty = 0.3, kLastPenalty = 1e-3;

// Rows of one factor by places (row, column) of one of the three matrices.
using Factors3 = std::array<Matrix<double>, 3>;

// Calls visit(x, y, z) for the ones of the tensor: X[i,k] Y[k,j] goes into Z[i,j].
template <typename Visit>
void ForEachProduct(int64_t t, Visit visit) {
  for (int64_t i = 0; i < t; ++i)
    for (int64_t j = 0; j < t; ++j)
      for (int64_t k = 0; k < t; ++k)
        visit(std::array<int64_t, 3>{i * t + k, k * t + j, i * t + j});
}

// The elementwise product of the Gram matrices of the factors other than `which`; with which = 3,
// of all.
Matrix<double> GramOfOthers(const Factors3& factors, int which) {
  const int64_t r = factors[0].cols();
  Matrix<double> out(r, r);
  for (int64_t a = 0; a < r; ++a) {
    for (int64_t b = 0; b < r; ++b) {
      out(a, b) = 1;
      for (int f = 0; f < 3; ++f) {
        if (f == which) continue;
        double sum = 0;
        for (int64_t i = 0; i < factors[f].rows(); ++i) sum += factors[f](i, a) * factors[f](i, b);
        out(a, b) *= sum;
      }
    }
  }
  return out;
}

// Least squares in one factor while the others are held, penalised by the distance moved.
absl::Status SolveFactor(int64_t t, double penalty, int which, Factors3& factors) {
  const int64_t r = factors[0].cols();
  const Matrix<double>&second = factors[(which + 1) % 3], &third = factors[(which + 2) % 3];
  Matrix<double> right(r, t * t);
  ForEachProduct(t, [&](const std::array<int64_t, 3>& at) {
    const double* y = second.row(at[(which + 1) % 3]);
    const double* z = third.row(at[(which + 2) % 3]);
    for (int64_t a = 0; a < r; ++a) right(a, at[which]) += y[a] * z[a];
  });
  Matrix<double> gram = GramOfOthers(factors, which);
  for (int64_t a = 0; a < r; ++a) {
    gram(a, a) += penalty;
    for (int64_t i = 0; i < t * t; ++i) right(a, i) += penalty * factors[which](i, a);
  }
  BB_ASSIGN_OR_RETURN(const Matrix<double> solution, SolvePositive(gram, right));
  factors[which] = Adjoint(solution);
  return absl::OkStatus();
}

double SquaredError(int64_t t, const Factors3& factors) {
  double inner = 0, energy = 0;
  ForEachProduct(t, [&](const std::array<int64_t, 3>& at) {
    for (int64_t a = 0; a < factors[0].cols(); ++a)
      inner += factors[0](at[0], a) * factors[1](at[1], a) * factors[2](at[2], a);
  });
  const Matrix<double> gram = GramOfOthers(factors, 3);
  for (const double x : gram.elements()) energy += x;
  return static_cast<double>(t * t * t) - 2 * inner + energy;
}

absl::StatusOr<double> SearchFrom(uint64_t seed, int64_t t, int64_t r) {
  Rng rng(seed);
  Factors3 factors;
  for (Matrix<double>& factor : factors) factor = rng.NormalMatrix(t * t, r);
  const double fade = std::pow(kLastPenalty / kFirstPenalty, 1.0 / kSweeps);
  double penalty = kFirstPenalty;
  for (int sweep = 0; sweep < kSweeps; ++sweep, penalty *= fade)
    for (int which = 0; which < 3; ++which)
      BB_RETURN_IF_ERROR(SolveFactor(t, penalty, which, factors));
  return SquaredError(t, factors);
}

bool IsExact(int64_t t, int64_t r) {
  if (r >= t * t * t) return true;
  return IsPowerOfTwo(t) && r >= std::llround(std::pow(7, LogTwo(t)));
}

}  // namespace

absl::StatusOr<double> ProductTensorCaptured(int64_t t, int64_t r) {
  if (IsExact(t, r)) return 1;
  const double products = static_cast<double>(t * t * t);
  double error = products - static_cast<double>(r);
  for (uint64_t seed = 1; t <= kLargestSearched && seed <= kSeeds; ++seed) {
    BB_ASSIGN_OR_RETURN(const double found, SearchFrom(seed, t, r));
    error = std::min(error, found);
  }
  return 1 - error / products;
}

}  // namespace basisbench
