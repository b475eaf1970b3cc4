// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/stl/least_squares.h"

#include <cmath>

namespace basisbench {
namespace {

constexpr int kSweeps = 600;
constexpr double kFirstWeight = 0.1, kLastWeight = 1e-6;

using Matrix = std::vector<double>;  // row-major

// G[r,s] = <a_r, a_s> <b_r, b_s>, factors being size x rank, row-major.
Matrix Gram(const Matrix& a, const Matrix& b, int64_t size, int64_t rank) {
  Matrix of_a(rank * rank), of_b(rank * rank);
  for (int64_t i = 0; i < size; ++i) {
    for (int64_t r = 0; r < rank; ++r) {
      for (int64_t s = 0; s < rank; ++s) {
        of_a[r * rank + s] += a[i * rank + r] * a[i * rank + s];
        of_b[r * rank + s] += b[i * rank + r] * b[i * rank + s];
      }
    }
  }
  for (int64_t i = 0; i < rank * rank; ++i) of_a[i] *= of_b[i];
  return of_a;
}

// Solves f G = rhs for every row of f, by Cholesky; G is positive definite, and destroyed.
void SolveRows(Matrix& g, int64_t rank, Matrix& rhs) {
  for (int64_t j = 0; j < rank; ++j) {
    for (int64_t k = 0; k < j; ++k) {
      for (int64_t i = j; i < rank; ++i) g[i * rank + j] -= g[i * rank + k] * g[j * rank + k];
    }
    const double diagonal = std::sqrt(g[j * rank + j]);
    for (int64_t i = j; i < rank; ++i) g[i * rank + j] /= diagonal;
  }
  const auto rows = static_cast<int64_t>(rhs.size()) / rank;
  for (int64_t row = 0; row < rows; ++row) {
    double* f = rhs.data() + row * rank;
    for (int64_t i = 0; i < rank; ++i) {
      for (int64_t k = 0; k < i; ++k) f[i] -= g[i * rank + k] * f[k];
      f[i] /= g[i * rank + i];
    }
    for (int64_t i = rank - 1; i >= 0; --i) {
      for (int64_t k = i + 1; k < rank; ++k) f[i] -= g[k * rank + i] * f[k];
      f[i] /= g[i * rank + i];
    }
  }
}

// Elements of the tensor: which of X, W and Z meet.
struct Entry {
  int64_t of[3];
};

std::vector<Entry> Entries(int64_t t) {
  std::vector<Entry> entries;
  for (int64_t i = 0; i < t; ++i) {
    for (int64_t k = 0; k < t; ++k) {
      for (int64_t j = 0; j < t; ++j) entries.push_back({{i * t + k, k * t + j, i * t + j}});
    }
  }
  return entries;
}

Matrix Transposed(const Matrix& a, int64_t rows, int64_t cols) {
  Matrix b(a.size());
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < cols; ++j) b[j * rows + i] = a[i * cols + j];
  }
  return b;
}

// The three factors of one rank-one tensor made equally long.
void Balance(Matrix (&factors)[3], int64_t size, int64_t rank) {
  for (int64_t r = 0; r < rank; ++r) {
    double length[3], product = 1;
    for (int m = 0; m < 3; ++m) {
      length[m] = 0;
      for (int64_t i = 0; i < size; ++i)
        length[m] += factors[m][i * rank + r] * factors[m][i * rank + r];
      length[m] = std::sqrt(length[m]);
      product *= length[m];
    }
    if (product == 0) continue;
    for (int m = 0; m < 3; ++m) {
      for (int64_t i = 0; i < size; ++i) factors[m][i * rank + r] *= std::cbrt(product) / length[m];
    }
  }
}

}  // namespace

void FitByAlternatingLeastSquares(Encoders& encoders) {
  const int64_t size = encoders.tile * encoders.tile, rank = encoders.rank;
  const std::vector<Entry> entries = Entries(encoders.tile);
  Matrix factors[3] = {Transposed(encoders.x, rank, size), Transposed(encoders.w, rank, size),
                       encoders.decoder};
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    Balance(factors, size, rank);
    const double weight =
        kFirstWeight * std::pow(kLastWeight / kFirstWeight, static_cast<double>(sweep) / kSweeps);
    for (int mode = 0; mode < 3; ++mode) {
      const int other = (mode + 1) % 3, third = (mode + 2) % 3;
      Matrix gram = Gram(factors[other], factors[third], size, rank);
      Matrix rhs = factors[mode];
      for (double& value : rhs) value *= weight;
      for (const Entry& entry : entries) {
        for (int64_t r = 0; r < rank; ++r)
          rhs[entry.of[mode] * rank + r] += factors[other][entry.of[other] * rank + r] *
                                            factors[third][entry.of[third] * rank + r];
      }
      for (int64_t r = 0; r < rank; ++r) gram[r * rank + r] += weight;
      SolveRows(gram, rank, rhs);
      factors[mode] = std::move(rhs);
    }
  }
  encoders.x = Transposed(factors[0], size, rank);
  encoders.w = Transposed(factors[1], size, rank);
  encoders.decoder = factors[2];
}

}  // namespace basisbench
