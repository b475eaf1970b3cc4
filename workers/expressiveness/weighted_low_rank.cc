// SPDX-License-Identifier: Apache-2.0
#include "workers/expressiveness/weighted_low_rank.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace basisbench {
namespace {

constexpr double kLeastGain = 1e-9;
// Rounds move slowly along valleys: what a round moved is taken further, longer and longer while
// that comes closer.
constexpr double kFirstStep = 1, kLonger = 1.3;
// Added to the diagonal, relative to its sum: directions that the weights leave out get nothing.
constexpr double kRidge = 1e-13;

Matrix<Complex> Transposed(const Matrix<Complex>& a) {
  Matrix<Complex> out(a.cols(), a.rows());
  for (int64_t i = 0; i < a.rows(); ++i)
    for (int64_t j = 0; j < a.cols(); ++j) out(j, i) = a(i, j);
  return out;
}

// x of the Hermitian positive definite system a x = b, which become the Cholesky factor and x.
void SolveInPlace(Matrix<Complex>& a, Complex* b) {
  const int64_t n = a.rows();
  for (int64_t j = 0; j < n; ++j) {
    for (int64_t k = 0; k < j; ++k) {
      for (int64_t i = j; i < n; ++i) a(i, j) -= a(i, k) * std::conj(a(j, k));
    }
    const double root = std::sqrt(std::max(a(j, j).real(), 1e-300));
    for (int64_t i = j; i < n; ++i) a(i, j) /= root;
  }
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t k = 0; k < i; ++k) b[i] -= a(i, k) * b[k];
    b[i] /= a(i, i);
  }
  for (int64_t i = n - 1; i >= 0; --i) {
    for (int64_t k = i + 1; k < n; ++k) b[i] -= std::conj(a(k, i)) * b[k];
    b[i] /= a(i, i);
  }
}

// std::complex's own product looks for infinities.
Complex Times(const Complex& a, const Complex& b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

// Sets the rows of `left` to the best for `right`, of which row j is for column j of the target.
void SolveRows(const Matrix<Complex>& target, const Matrix<Complex>& weights,
               const Matrix<Complex>& right, Matrix<Complex>& left) {
  const int64_t rank = right.cols();
  std::vector<Complex> term(rank);
  for (int64_t i = 0; i < target.rows(); ++i) {
    Matrix<Complex> gram(rank, rank);
    Complex* x = left.row(i);
    std::fill_n(x, rank, Complex());
    for (int64_t j = 0; j < target.cols(); ++j) {
      for (int64_t p = 0; p < rank; ++p) {
        term[p] = Times(weights(i, j), right(j, p));
        const Complex adjoint = std::conj(term[p]);
        x[p] += Times(adjoint, target(i, j));
        for (int64_t q = 0; q <= p; ++q) gram(p, q) += Times(adjoint, term[q]);
      }
    }
    double trace = 0;
    for (int64_t p = 0; p < rank; ++p) trace += gram(p, p).real();
    for (int64_t p = 0; p < rank; ++p) gram(p, p) += kRidge * trace;
    SolveInPlace(gram, x);
  }
}

// Both factors, row by row.
struct Pair {
  Matrix<Complex> left, right;
};

double Error(const Matrix<Complex>& target, const Matrix<Complex>& weights, const Pair& pair) {
  double sum = 0;
  for (int64_t i = 0; i < target.rows(); ++i) {
    for (int64_t j = 0; j < target.cols(); ++j) {
      Complex product;
      for (int64_t p = 0; p < pair.left.cols(); ++p)
        product += Times(pair.left(i, p), pair.right(j, p));
      sum += std::norm(target(i, j) - Times(weights(i, j), product));
    }
  }
  return sum;
}

// `step` times as far as from `before` to `now`.
Matrix<Complex> Further(const Matrix<Complex>& before, const Matrix<Complex>& now, double step) {
  Matrix<Complex> out = now;
  for (size_t i = 0; i < now.elements().size(); ++i)
    out.data()[i] += step * (now.elements()[i] - before.elements()[i]);
  return out;
}

}  // namespace

void ImproveWeighted(const Matrix<Complex>& target, const Matrix<Complex>& weights, int64_t rounds,
                     Factors<Complex>& factors) {
  const Matrix<Complex> across = Transposed(target), weights_across = Transposed(weights);
  const double energy = Energy(target);
  Pair now{factors.left, Transposed(factors.right)};
  double error = Error(target, weights, now), step = kFirstStep;
  for (int64_t round = 0; round < rounds; ++round) {
    const Pair before = now;
    SolveRows(target, weights, now.right, now.left);
    SolveRows(across, weights_across, now.left, now.right);
    double closer = Error(target, weights, now);
    Pair further{Further(before.left, now.left, step), Further(before.right, now.right, step)};
    if (const double leap = Error(target, weights, further); leap < closer) {
      now = std::move(further);
      closer = leap;
      step *= kLonger;
    } else {
      step = std::max(kFirstStep, step / (kLonger * kLonger));
    }
    if (error - closer < kLeastGain * energy) break;
    error = closer;
  }
  factors = {std::move(now.left), Transposed(now.right)};
}

}  // namespace basisbench
