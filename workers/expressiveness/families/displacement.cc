// SPDX-License-Identifier: Apache-2.0
// Matrices of low displacement rank: Z_1 M - M Z_-1 = G H^T with r columns, Z_f being the shift
// with f in its corner (Sindhwani, Sainath and Kumar, 2015). M is a sum of r products of a
// circulant and a skew-circulant matrix. The best of three members is reported, a lower bound:
//   - the displacement truncated to rank r and undone, times the best scalar: optimal for the
//     displacement, not for the matrix, and exact for members;
//   - the closest matrix of rank r/2, since a matrix of rank k has a displacement of at most 2 k;
//   - the closest Toeplitz matrix, of displacement 2, and the rest approximated by rank (r-2)/2.
//   2 r n parameters, r (2n - r) degrees of freedom, 2 r + 2 real FFTs and 6 r n FLOPs per vector.
#include <cmath>
#include <utility>

#include "services/base/status_macros.h"
#include "workers/expressiveness/approximation.h"
#include "workers/expressiveness/families/averaging.h"
#include "workers/expressiveness/families/families.h"

namespace basisbench {
namespace {

// M[i-1, j] - M[i, j+1], the last column wrapping around with the other sign.
template <typename T>
Matrix<T> Displacement(const Matrix<T>& m) {
  const int64_t n = m.rows();
  Matrix<T> out(n, n);
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < n; ++j)
      out(i, j) = m((i - 1 + n) % n, j) + (j + 1 < n ? -m(i, j + 1) : m(i, 0));
  return out;
}

// Each diagonal is followed from its first entry x: n steps lead from x to -x plus the
// displacements met, which determines x.
template <typename T>
Matrix<T> UndoDisplacement(const Matrix<T>& d) {
  const int64_t n = d.rows();
  Matrix<T> out(n, n);
  for (int64_t start = 0; start < n; ++start) {
    T sum = 0;
    for (int64_t j = 0; j < n; ++j) sum += d((start + j + 1) % n, j);
    T value = sum / 2.0;
    for (int64_t j = 0; j < n; ++j) {
      out((start + j) % n, j) = value;
      value -= d((start + j + 1) % n, j);
    }
  }
  return out;
}

template <typename T>
absl::StatusOr<Matrix<T>> TruncateDisplacement(const Matrix<T>& target, int64_t rank) {
  BB_ASSIGN_OR_RETURN(const Matrix<T> kept, ClosestOfRank(Displacement(target), rank));
  Matrix<T> member = UndoDisplacement(kept);
  const double energy = Energy(member);
  if (energy == 0) return member;
  const T scale = InnerProduct(member, target) / energy;
  for (int64_t i = 0; i < member.rows() * member.cols(); ++i) member.data()[i] *= scale;
  return member;
}

template <typename T>
absl::StatusOr<Matrix<T>> FitDisplacement(const Matrix<T>& target, int64_t rank) {
  const int64_t n = target.rows();
  BB_ASSIGN_OR_RETURN(Matrix<T> best, TruncateDisplacement(target, rank));
  if (rank < 2) return best;
  BB_ASSIGN_OR_RETURN(Matrix<T> thin, ClosestOfRank(target, rank / 2));
  KeepBetter(target, std::move(thin), best);
  const Matrix<T> toeplitz =
      AverageOver(target, 2 * n - 1, [n](int64_t i, int64_t j) { return i - j + n - 1; });
  BB_ASSIGN_OR_RETURN(const Matrix<T> rest,
                      ClosestOfRank(Difference(target, toeplitz), (rank - 2) / 2));
  KeepBetter(target, Sum(toeplitz, rest), best);
  return best;
}

absl::StatusOr<Family> MakeLdr(const FamilyRequest& request) {
  BB_RETURN_IF_ERROR(CheckAtMost(request, "rank", request.n));
  const int64_t n = request.n, rank = request.Integer("rank");
  const double size = static_cast<double>(n);
  const double flops = static_cast<double>(2 * rank + 2) * 2.5 * size * std::log2(size) +
                       6 * static_cast<double>(rank) * size;
  return MakeFamily({2 * rank * n, rank * (2 * n - rank), flops}, FitMethod::kConstructive,
                    [rank](const auto& target) { return FitDisplacement(target, rank); });
}

}  // namespace

std::vector<CatalogueEntry> DisplacementFamilies() {
  return {
      {"ldr", {NumberParameter("rank", [](int64_t) { return 2; })}, MakeLdr, "rank", EveryRank}};
}

}  // namespace basisbench
