// SPDX-License-Identifier: Apache-2.0
// Matrices of low displacement rank: Z_1 M - M Z_-1 = G H^T with r columns, Z_f being the shift
// with f in its corner (Sindhwani, Sainath and Kumar, 2015). M is a sum of r products of a
// circulant and a skew-circulant matrix. Three members are written down:
//   - the displacement truncated to rank r and undone, times the best scalar: optimal for the
//     displacement, not for the matrix, and exact for members;
//   - the closest matrix of rank r/2, since a matrix of rank k has a displacement of at most 2 k;
//   - the closest Toeplitz matrix, of displacement 2, and the rest approximated by rank (r-2)/2.
// Each is then improved. The unitary matrices that make Z_1 and Z_-1 diagonal, lambda and mu, leave
// distances as they are and turn members into C . (A B), entry by entry, with C[k,l] = 1 /
// (lambda_k - mu_l) and A B of rank r: low rank seen through weights, which is solved for A and B
// in turn. The best of the three is reported, a lower bound.
//   2 r n parameters, r (2n - r) degrees of freedom, 2 r + 2 real FFTs and 6 r n FLOPs per vector.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "services/base/status_macros.h"
#include "workers/expressiveness/approximation.h"
#include "workers/expressiveness/families/averaging.h"
#include "workers/expressiveness/families/families.h"
#include "workers/expressiveness/transforms.h"
#include "workers/expressiveness/weighted_low_rank.h"

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

// A round takes work in proportion to n^2 rank^2. So much of it, for each of three starts, takes
// about a second.
constexpr int64_t kMostWork = int64_t{1} << 24;
constexpr int64_t kMostRounds = 300;

// The bases in which both shifts are diagonal, and what members are divided by there.
struct Bases {
  explicit Bases(int64_t n) : of_rows(DftMatrix(n)), of_cols(n, n), weights(n, n) {
    const Matrix<Complex> dft = DftMatrix(n);
    const double half_turn = std::numbers::pi / static_cast<double>(n);
    const auto at = [half_turn](int64_t halves) {
      return std::polar(1.0, -half_turn * static_cast<double>(halves));
    };
    for (int64_t k = 0; k < n; ++k) {
      for (int64_t j = 0; j < n; ++j) {
        of_cols(k, j) = dft(k, j) * at(j);
        weights(k, j) = 1.0 / (at(2 * k) - at(2 * j + 1));
      }
    }
  }
  Matrix<Complex> of_rows, of_cols, weights;
};

Matrix<double> AsScalars(const Matrix<Complex>& a, double) {
  Matrix<double> out(a.rows(), a.cols());
  for (size_t i = 0; i < a.elements().size(); ++i) out.data()[i] = a.elements()[i].real();
  return out;
}
Matrix<Complex> AsScalars(const Matrix<Complex>& a, Complex) { return a; }

Matrix<Complex> AsComplex(const Matrix<double>& a) { return As<Complex>(a); }
Matrix<Complex> AsComplex(const Matrix<Complex>& a) { return a; }

// left a right.
absl::StatusOr<Matrix<Complex>> Between(const Matrix<Complex>& left, const Matrix<Complex>& a,
                                        const Matrix<Complex>& right) {
  BB_ASSIGN_OR_RETURN(const Matrix<Complex> half, Multiply(left, a));
  return Multiply(half, right);
}

// A closer member than `member`, or one as close. A real target stays on the real ones by itself.
template <typename T>
absl::StatusOr<Matrix<T>> Improve(const Matrix<T>& target, int64_t rank, const Matrix<T>& member) {
  const int64_t n = target.rows();
  const int64_t rounds = std::min(kMostRounds, kMostWork / (n * n * rank * rank));
  if (rounds == 0 || CapturedEnergy(target, member) > 1 - 1e-12) return member;
  const Bases bases(n);
  const Matrix<Complex> back_of_cols = Adjoint(bases.of_cols);
  BB_ASSIGN_OR_RETURN(const Matrix<Complex> turned,
                      Between(bases.of_rows, AsComplex(target), back_of_cols));
  BB_ASSIGN_OR_RETURN(const Matrix<Complex> displacement,
                      Between(bases.of_rows, AsComplex(Displacement(member)), back_of_cols));
  BB_ASSIGN_OR_RETURN(Factors<Complex> factors, BalancedFactors(displacement, rank));
  ImproveWeighted(turned, bases.weights, rounds, factors);
  BB_ASSIGN_OR_RETURN(Matrix<Complex> improved, Multiply(factors.left, factors.right));
  for (int64_t i = 0; i < n * n; ++i) improved.data()[i] *= bases.weights.data()[i];
  BB_ASSIGN_OR_RETURN(const Matrix<Complex> back,
                      Between(Adjoint(bases.of_rows), improved, bases.of_cols));
  Matrix<T> better = member;
  KeepBetter(target, AsScalars(back, T()), better);
  return better;
}

template <typename T>
absl::StatusOr<Matrix<T>> FitDisplacement(const Matrix<T>& target, int64_t rank) {
  const int64_t n = target.rows();
  std::vector<Matrix<T>> members;
  BB_ASSIGN_OR_RETURN(members.emplace_back(), TruncateDisplacement(target, rank));
  if (rank >= 2) {
    BB_ASSIGN_OR_RETURN(members.emplace_back(), ClosestOfRank(target, rank / 2));
    const Matrix<T> toeplitz =
        AverageOver(target, 2 * n - 1, [n](int64_t i, int64_t j) { return i - j + n - 1; });
    BB_ASSIGN_OR_RETURN(const Matrix<T> rest,
                        ClosestOfRank(Difference(target, toeplitz), (rank - 2) / 2));
    members.push_back(Sum(toeplitz, rest));
  }
  Matrix<T> best(n, n);
  for (const Matrix<T>& member : members) {
    BB_ASSIGN_OR_RETURN(Matrix<T> improved, Improve(target, rank, member));
    KeepBetter(target, std::move(improved), best);
  }
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
