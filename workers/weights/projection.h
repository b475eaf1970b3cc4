// SPDX-License-Identifier: Apache-2.0
// The member of an operator's class that is closest to a given matrix, in closed form, and how much
// of the matrix it captures. Matrices are d_in x d_out, rectangular where the operator's are: Y = X
// W. Parameters are those that Operator::Resolve has filled in. Pure functions, thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "workers/expressiveness/matrix.h"

namespace basisbench {

struct ProjectionRequest {
  std::string operator_name;
  std::map<std::string, std::string> parameters;
};

struct WeightProjection {
  Matrix<double> member;
  // 1 - |W - member|^2 / |W|^2, or with |S^(1/2) . | for inputs of covariance S: the share of the
  // output's energy that is kept (the loss of the linear teacher-student problem).
  double captured = 0;
};

// A matrix R with R^T R = covariance (K x K). INVALID_ARGUMENT when it is not symmetric or not
// positive semidefinite, naming the elements or the value.
absl::StatusOr<Matrix<double>> CovarianceRoot(const Matrix<double>& covariance);

// `root` is CovarianceRoot of the inputs' covariance; null for white inputs. UNIMPLEMENTED for
// operators without a closed form (under a covariance, those other than low rank and blocks);
// INVALID_ARGUMENT for a matrix of zeros; failures of the singular value decomposition.
absl::StatusOr<WeightProjection> ProjectWeight(const ProjectionRequest& request,
                                               const Matrix<double>& weight,
                                               const Matrix<double>* root);

// Names ProjectWeight has a closed form for.
std::vector<std::string> ProjectableOperators();

}  // namespace basisbench
