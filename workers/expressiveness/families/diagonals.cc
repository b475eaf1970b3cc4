// SPDX-License-Identifier: Apache-2.0
// Fixed transforms dressed with diagonals.
//   dwhtd     D1 H D2. The entries of H have one modulus, so the closest member is H times the
//             closest rank-one matrix to T / H, entry by entry. 2n parameters, one gauge.
//   acdc      A C D C^-1 with the cosine transform C (Moczulski et al., "ACDC", 2016). Rows of the
//             fit decouple in A, columns of T C in D, so each is solved exactly in turn: a lower
//             bound that never falls.
//   fastfood  S H G P H B with a fixed permutation P (Le, Sarlos and Smola, 2013). G is the exact
//             fit for S = B = 1, then S and B are solved in turn: a lower bound as well.
#include <cmath>

#include "services/base/status_macros.h"
#include "workers/expressiveness/approximation.h"
#include "workers/expressiveness/families/families.h"
#include "workers/expressiveness/orders.h"
#include "workers/expressiveness/rng.h"
#include "workers/expressiveness/transforms.h"

namespace basisbench {
namespace {

// Rounds of solving for the rows and then the columns; the gain of later ones is not visible in a
// score of five digits.
constexpr int kRounds = 30;
constexpr uint64_t kFastfoodSeed = 11;

double TransformFlops(int64_t n, double per_point) {
  return per_point * static_cast<double>(n) * std::log2(static_cast<double>(n));
}

// The member diag(rows) core diag(cols) after solving for rows and cols in turn, from ones.
template <typename T>
Matrix<T> DressWithDiagonals(const Matrix<T>& target, const Matrix<T>& core) {
  const int64_t n = target.rows();
  std::vector<T> rows(n, 1), cols(n, 1);
  for (int round = 0; round < kRounds; ++round) {
    for (int64_t i = 0; i < n; ++i) {
      T along = 0;
      double energy = 0;
      for (int64_t j = 0; j < n; ++j) {
        const T value = core(i, j) * cols[j];
        along += Conjugate(value) * target(i, j);
        energy += SquaredModulus(value);
      }
      rows[i] = energy > 0 ? along / energy : T(0);
    }
    std::vector<T> along(n);
    std::vector<double> energy(n);
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        const T value = rows[i] * core(i, j);
        along[j] += Conjugate(value) * target(i, j);
        energy[j] += SquaredModulus(value);
      }
    }
    for (int64_t j = 0; j < n; ++j) cols[j] = energy[j] > 0 ? along[j] / energy[j] : T(0);
  }
  Matrix<T> member(n, n);
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < n; ++j) member(i, j) = rows[i] * core(i, j) * cols[j];
  return member;
}

template <typename T>
absl::StatusOr<Matrix<T>> ClosestDressedWht(const Matrix<T>& target) {
  const Matrix<double> wht = WhtMatrix(target.rows());
  Matrix<T> quotient = target;
  const double modulus = std::fabs(wht(0, 0));
  for (size_t i = 0; i < wht.elements().size(); ++i)
    quotient.data()[i] *= wht.elements()[i] / modulus;
  BB_ASSIGN_OR_RETURN(Matrix<T> member, ClosestOfRank(quotient, 1));
  for (size_t i = 0; i < wht.elements().size(); ++i)
    member.data()[i] *= wht.elements()[i] / modulus;
  return member;
}

// The fit is made where D is a diagonal on the right: T C against A C D.
template <typename T>
absl::StatusOr<Matrix<T>> FitAcdc(const Matrix<T>& target) {
  const Matrix<T> cosine = As<T>(DctMatrix(target.rows()));
  BB_ASSIGN_OR_RETURN(const Matrix<T> turned, Multiply(target, cosine));
  return Multiply(DressWithDiagonals(turned, cosine), Adjoint(cosine));
}

template <typename T>
absl::StatusOr<Matrix<T>> FitFastfood(const Matrix<T>& target) {
  const int64_t n = target.rows();
  const std::vector<int64_t> place = Rng(kFastfoodSeed).Permutation(n);
  const Matrix<T> wht = As<T>(WhtMatrix(n));
  Matrix<T> permuted(n, n);
  for (int64_t i = 0; i < n; ++i) std::copy_n(wht.row(place[i]), n, permuted.row(i));
  // H and P H are orthogonal, so the terms of sum_k g_k H[:,k] (P H)[k,:] are too, and g_k is the
  // k-th diagonal entry of H T (P H)^T.
  BB_ASSIGN_OR_RETURN(const Matrix<T> left, Multiply(wht, target));
  Matrix<T> scaled = permuted;
  for (int64_t k = 0; k < n; ++k) {
    T weight = 0;
    for (int64_t j = 0; j < n; ++j) weight += left(k, j) * permuted(k, j);
    for (int64_t j = 0; j < n; ++j) scaled(k, j) *= weight;
  }
  BB_ASSIGN_OR_RETURN(const Matrix<T> core, Multiply(wht, scaled));
  return DressWithDiagonals(target, core);
}

absl::StatusOr<Family> MakeDressedWht(const FamilyRequest& request) {
  const int64_t n = request.n;
  return MakeFamily({2 * n, 2 * n - 1, TransformFlops(n, 1) + 2.0 * static_cast<double>(n)},
                    FitMethod::kClosedForm,
                    [](const auto& target) { return ClosestDressedWht(target); });
}

absl::StatusOr<Family> MakeAcdc(const FamilyRequest& request) {
  const int64_t n = request.n;
  return MakeFamily({2 * n, 2 * n - 1, TransformFlops(n, 5) + 8.0 * static_cast<double>(n)},
                    FitMethod::kConstructive, [](const auto& target) { return FitAcdc(target); });
}

absl::StatusOr<Family> MakeFastfood(const FamilyRequest& request) {
  const int64_t n = request.n;
  return MakeFamily({3 * n, 3 * n - 2, TransformFlops(n, 2) + 3.0 * static_cast<double>(n)},
                    FitMethod::kConstructive,
                    [](const auto& target) { return FitFastfood(target); });
}

}  // namespace

std::vector<CatalogueEntry> DiagonalFamilies() {
  return {{"dwhtd", {}, MakeDressedWht, "", nullptr},
          {"acdc", {}, MakeAcdc, "", nullptr},
          {"fastfood", {}, MakeFastfood, "", nullptr}};
}

}  // namespace basisbench
