// SPDX-License-Identifier: Apache-2.0
#include "workers/weights/projection.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "workers/expressiveness/approximation.h"
#include "workers/expressiveness/lapack.h"

namespace basisbench {
namespace {

using Dense = Matrix<double>;
using Parameters = std::map<std::string, std::string>;
using Project = absl::StatusOr<Dense> (*)(const Parameters&, const Dense& weight,
                                          const Dense* root);

int64_t Integer(const Parameters& parameters, const std::string& name) {
  return std::stoll(parameters.at(name));
}

absl::StatusOr<Dense> Whole(const Parameters&, const Dense& weight, const Dense*) { return weight; }

// White inputs: Eckart and Young. Otherwise the best R W of that rank, led back through R: the
// member is W times the projector onto the leading right singular vectors of R W.
absl::StatusOr<Dense> LowRank(const Parameters& parameters, const Dense& weight,
                              const Dense* root) {
  const int64_t rank = Integer(parameters, "rank");
  if (root == nullptr) return ClosestOfRank(weight, rank);
  BB_ASSIGN_OR_RETURN(const Dense seen, Multiply(*root, weight));
  BB_ASSIGN_OR_RETURN(const Svd<double> svd, DecomposeSingular(seen));
  const Dense leading = Block(svd.vh, 0, 0, std::min(rank, svd.vh.rows()), svd.vh.cols());
  BB_ASSIGN_OR_RETURN(const Dense inner, Multiply(weight, Adjoint(leading)));
  return Multiply(inner, leading);
}

// Inputs a block does not see still tell something about what it should do when they are correlated
// with those it sees: its columns solve S_bb m = S_b: w.
absl::StatusOr<Dense> BlockOfCorrelated(const Dense& weight, const Dense& covariance, int64_t top,
                                        int64_t left, int64_t rows, int64_t cols) {
  const Dense own = Block(covariance, top, top, rows, rows);
  const Dense seen = Block(covariance, top, 0, rows, covariance.cols());
  BB_ASSIGN_OR_RETURN(const Dense right,
                      Multiply(seen, Block(weight, 0, left, weight.rows(), cols)));
  return SolvePositive(own, right);
}

absl::StatusOr<Dense> BlockDiagonal(const Parameters& parameters, const Dense& weight,
                                    const Dense* root) {
  const int64_t blocks = Integer(parameters, "blocks");
  const int64_t rows = weight.rows() / blocks, cols = weight.cols() / blocks;
  Dense covariance;
  if (root != nullptr) {
    BB_ASSIGN_OR_RETURN(covariance, Multiply(Adjoint(*root), *root));
  }
  Dense member(weight.rows(), weight.cols());
  for (int64_t b = 0; b < blocks; ++b) {
    Dense block = Block(weight, b * rows, b * cols, rows, cols);
    if (root != nullptr) {
      BB_ASSIGN_OR_RETURN(block,
                          BlockOfCorrelated(weight, covariance, b * rows, b * cols, rows, cols));
    }
    for (int64_t i = 0; i < rows; ++i)
      std::copy_n(block.row(i), cols, member.row(b * rows + i) + b * cols);
  }
  return member;
}

// Between input block k (consecutive) and output residue l (every blocks-th) lies a matrix of rank
// at most `depth`.
absl::StatusOr<Dense> Monarch(const Parameters& parameters, const Dense& weight, const Dense*) {
  const int64_t blocks = Integer(parameters, "blocks"), depth = Integer(parameters, "depth");
  const int64_t in = weight.rows() / blocks, out = weight.cols() / blocks;
  Dense member(weight.rows(), weight.cols());
  for (int64_t k = 0; k < blocks; ++k) {
    for (int64_t l = 0; l < blocks; ++l) {
      Dense block(in, out);
      for (int64_t p = 0; p < in; ++p)
        for (int64_t s = 0; s < out; ++s) block(p, s) = weight(k * in + p, s * blocks + l);
      BB_ASSIGN_OR_RETURN(const Dense closest, ClosestOfRank(block, depth));
      for (int64_t p = 0; p < in; ++p)
        for (int64_t s = 0; s < out; ++s) member(k * in + p, s * blocks + l) = closest(p, s);
    }
  }
  return member;
}

// Cut of the input index into (gamma, beta, alpha) and of the output index into (phi, epsilon,
// delta), the last the fastest.
struct TwoFactorCut {
  int64_t alpha = 1, beta = 1, gamma = 1, delta = 1, epsilon = 1, phi = 1;
};

// Each block (gamma, phi) is a sum of `rank` Kronecker products: of that rank, once its elements
// are rearranged to (alpha, delta) x (beta, epsilon) (Van Loan, Pitsianis 1993).
absl::StatusOr<Dense> TwoFactor(const TwoFactorCut& c, int64_t rank, const Dense& weight) {
  Dense member(weight.rows(), weight.cols());
  for (int64_t g = 0; g < c.gamma; ++g) {
    for (int64_t f = 0; f < c.phi; ++f) {
      Dense block(c.alpha * c.delta, c.beta * c.epsilon);
      const auto each = [&](const auto& visit) {
        for (int64_t b = 0; b < c.beta; ++b)
          for (int64_t a = 0; a < c.alpha; ++a)
            for (int64_t e = 0; e < c.epsilon; ++e)
              for (int64_t d = 0; d < c.delta; ++d)
                visit((g * c.beta + b) * c.alpha + a, (f * c.epsilon + e) * c.delta + d,
                      a * c.delta + d, b * c.epsilon + e);
      };
      each([&](int64_t in, int64_t out, int64_t row, int64_t col) {
        block(row, col) = weight(in, out);
      });
      BB_ASSIGN_OR_RETURN(const Dense closest, ClosestOfRank(block, rank));
      each([&](int64_t in, int64_t out, int64_t row, int64_t col) {
        member(in, out) = closest(row, col);
      });
    }
  }
  return member;
}

absl::StatusOr<Dense> Kronecker(const Parameters& parameters, const Dense& weight, const Dense*) {
  const int64_t beta = Integer(parameters, "beta"), epsilon = Integer(parameters, "epsilon");
  const TwoFactorCut cut{.alpha = weight.rows() / beta,
                         .beta = beta,
                         .delta = weight.cols() / epsilon,
                         .epsilon = epsilon};
  return TwoFactor(cut, Integer(parameters, "terms"), weight);
}

absl::StatusOr<Dense> BlockTensorTrain(const Parameters& parameters, const Dense& weight,
                                       const Dense*) {
  const int64_t gamma = Integer(parameters, "gamma"), phi = Integer(parameters, "phi");
  const TwoFactorCut cut{
      .alpha = weight.rows() / gamma, .gamma = gamma, .epsilon = weight.cols() / phi, .phi = phi};
  return TwoFactor(cut, Integer(parameters, "rank"), weight);
}

absl::StatusOr<Dense> Einsum(const Parameters& parameters, const Dense& weight, const Dense*) {
  const TwoFactorCut cut{.alpha = Integer(parameters, "alpha"),
                         .beta = Integer(parameters, "beta"),
                         .gamma = Integer(parameters, "gamma"),
                         .delta = Integer(parameters, "delta"),
                         .epsilon = Integer(parameters, "epsilon"),
                         .phi = Integer(parameters, "phi")};
  return TwoFactor(cut, Integer(parameters, "rho"), weight);
}

// Every diagonal becomes its mean; `wrapped` takes diagonals modulo the size.
Dense MeanOfDiagonals(const Dense& weight, bool wrapped, bool upper_only) {
  const int64_t rows = weight.rows(), cols = weight.cols();
  const auto diagonal = [&](int64_t i, int64_t j) {
    return wrapped ? (j - i + rows) % rows : j - i + rows - 1;
  };
  std::vector<double> sum(rows + cols, 0.0), count(rows + cols, 0.0);
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < cols; ++j) {
      sum[diagonal(i, j)] += weight(i, j);
      ++count[diagonal(i, j)];
    }
  }
  Dense member(rows, cols);
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = upper_only ? i : 0; j < cols; ++j)
      member(i, j) = sum[diagonal(i, j)] / count[diagonal(i, j)];
  }
  return member;
}

absl::StatusOr<Dense> Toeplitz(const Parameters&, const Dense& weight, const Dense*) {
  return MeanOfDiagonals(weight, false, false);
}
absl::StatusOr<Dense> Circulant(const Parameters&, const Dense& weight, const Dense*) {
  return MeanOfDiagonals(weight, true, false);
}
// Y = X W has the causal filter above the diagonal: inputs reach outputs that come later.
absl::StatusOr<Dense> Causal(const Parameters&, const Dense& weight, const Dense*) {
  return MeanOfDiagonals(weight, false, true);
}

// Of every four consecutive weights of an output, the two that are largest; the earlier of equals.
absl::StatusOr<Dense> TwoOfFour(const Parameters&, const Dense& weight, const Dense*) {
  Dense member(weight.rows(), weight.cols());
  for (int64_t j = 0; j < weight.cols(); ++j) {
    for (int64_t first = 0; first < weight.rows(); first += 4) {
      const int64_t end = std::min<int64_t>(first + 4, weight.rows());
      for (int64_t i = first; i < end; ++i) {
        int larger = 0;
        for (int64_t other = first; other < end; ++other) {
          const double difference = std::fabs(weight(other, j)) - std::fabs(weight(i, j));
          larger += difference > 0 || (difference == 0 && other < i) ? 1 : 0;
        }
        if (larger < 2) member(i, j) = weight(i, j);
      }
    }
  }
  return member;
}

struct Entry {
  const char* name;
  Project project;
  bool any_covariance;  // optimal for correlated inputs too
};

constexpr Entry kEntries[] = {{"blockdiag", BlockDiagonal, true},
                              {"btt", BlockTensorTrain, false},
                              {"circulant", Circulant, false},
                              {"einsum", Einsum, false},
                              {"kron", Kronecker, false},
                              {"lowrank", LowRank, true},
                              {"matmul", Whole, true},
                              {"monarch", Monarch, false},
                              {"polymul", Causal, false},
                              {"sparse24", TwoOfFour, false},
                              {"toeplitz", Toeplitz, false}};

absl::StatusOr<double> EnergySeen(const Dense& matrix, const Dense* root) {
  if (root == nullptr) return Energy(matrix);
  BB_ASSIGN_OR_RETURN(const Dense seen, Multiply(*root, matrix));
  return Energy(seen);
}

}  // namespace

std::vector<std::string> ProjectableOperators() {
  std::vector<std::string> names;
  for (const Entry& entry : kEntries) names.emplace_back(entry.name);
  return names;
}

absl::StatusOr<Matrix<double>> CovarianceRoot(const Matrix<double>& covariance) {
  const int64_t n = covariance.rows();
  if (covariance.cols() != n) {
    return absl::InvalidArgumentError(
        absl::StrCat("a covariance of ", n, " x ", covariance.cols(), " is not square"));
  }
  const double scale = std::sqrt(Energy(covariance) / static_cast<double>(n));
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < i; ++j) {
      if (std::fabs(covariance(i, j) - covariance(j, i)) > 1e-6 * scale) {
        return absl::InvalidArgumentError(absl::StrCat("a covariance is symmetric; element (", i,
                                                       ", ", j, ") is ", covariance(i, j), ", (", j,
                                                       ", ", i, ") ", covariance(j, i)));
      }
    }
  }
  // Of a symmetric matrix, left and right singular vectors are equal but for the sign of the
  // eigenvalue.
  BB_ASSIGN_OR_RETURN(const Svd<double> svd, DecomposeSingular(covariance));
  Matrix<double> root(n, n);
  for (int64_t k = 0; k < n; ++k) {
    double sign = 0;
    for (int64_t i = 0; i < n; ++i) sign += svd.u(i, k) * svd.vh(k, i);
    if (sign < 0 && svd.s[k] > 1e-6 * scale) {
      return absl::InvalidArgumentError(
          absl::StrCat("a covariance has no negative eigenvalues; this one has ", -svd.s[k]));
    }
    for (int64_t j = 0; j < n; ++j) root(k, j) = std::sqrt(svd.s[k]) * svd.vh(k, j);
  }
  return root;
}

absl::StatusOr<WeightProjection> ProjectWeight(const ProjectionRequest& request,
                                               const Matrix<double>& weight,
                                               const Matrix<double>* root) {
  const auto entry = std::find_if(std::begin(kEntries), std::end(kEntries), [&](const Entry& one) {
    return request.operator_name == one.name;
  });
  if (entry == std::end(kEntries) || (root != nullptr && !entry->any_covariance)) {
    return absl::UnimplementedError(absl::StrCat(request.operator_name,
                                                 " has no projection in closed form",
                                                 root != nullptr ? " for correlated inputs" : ""));
  }
  BB_ASSIGN_OR_RETURN(const double whole, EnergySeen(weight, root));
  if (whole == 0) return absl::InvalidArgumentError("the matrix is all zeros");
  WeightProjection projection;
  BB_ASSIGN_OR_RETURN(projection.member, entry->project(request.parameters, weight, root));
  BB_ASSIGN_OR_RETURN(const double lost, EnergySeen(Difference(weight, projection.member), root));
  projection.captured = 1 - lost / whole;
  return projection;
}

}  // namespace basisbench
