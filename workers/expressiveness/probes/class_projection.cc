// SPDX-License-Identifier: Apache-2.0
#include "workers/expressiveness/probes/class_projection.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "services/base/status_macros.h"
#include "workers/expressiveness/lapack.h"

namespace basisbench {
namespace {

// The t for which sum max(x - t, 0) = 1.
double SimplexThreshold(std::vector<double> values) {
  std::sort(values.begin(), values.end(), std::greater<>());
  double sum = 0, threshold = 0;
  for (size_t k = 0; k < values.size(); ++k) {
    sum += values[k];
    const double candidate = (sum - 1) / static_cast<double>(k + 1);
    if (candidate < values[k]) threshold = candidate;
  }
  return threshold;
}

}  // namespace

Matrix<double> ClosestRowStochastic(const Matrix<double>& target) {
  Matrix<double> out(target.rows(), target.cols());
  for (int64_t i = 0; i < target.rows(); ++i) {
    const double threshold =
        SimplexThreshold(std::vector<double>(target.row(i), target.row(i) + target.cols()));
    for (int64_t j = 0; j < target.cols(); ++j) out(i, j) = std::max(0.0, target(i, j) - threshold);
  }
  return out;
}

absl::StatusOr<int64_t> HankelRank(const Matrix<double>& target, double tolerance) {
  const double least = tolerance * std::sqrt(Energy(target));
  int64_t most = 0;
  for (int64_t i = 1; i < target.rows(); ++i) {
    BB_ASSIGN_OR_RETURN(const std::vector<double> values,
                        SingularValues(Block(target, i, 0, target.rows() - i, i)));
    const int64_t rank = std::count_if(values.begin(), values.end(),
                                       [least](double value) { return value > least; });
    most = std::max(most, rank);
  }
  return most;
}

}  // namespace basisbench
