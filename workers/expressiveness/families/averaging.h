// SPDX-License-Identifier: Apache-2.0
// Families of matrices whose entries are equal within classes: linear subspaces, whose closest
// member is the average over each class. Their dimension is the number of classes.
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include "workers/expressiveness/family.h"

namespace basisbench {

// Averages target(i, j) over the classes class_of(i, j), the negative ones being zero.
template <typename T, typename ClassOf>
Matrix<T> AverageOver(const Matrix<T>& target, int64_t classes, ClassOf class_of) {
  std::vector<T> sum(classes);
  std::vector<double> count(classes);
  Matrix<T> out(target.rows(), target.cols());
  for (int64_t i = 0; i < target.rows(); ++i) {
    for (int64_t j = 0; j < target.cols(); ++j) {
      if (class_of(i, j) < 0) continue;
      sum[class_of(i, j)] += target(i, j);
      ++count[class_of(i, j)];
    }
  }
  for (int64_t i = 0; i < target.rows(); ++i)
    for (int64_t j = 0; j < target.cols(); ++j)
      if (const int64_t c = class_of(i, j); c >= 0) out(i, j) = sum[c] / count[c];
  return out;
}

// The family of the matrices that are constant on each class.
template <typename ClassOf>
Family MakeAveraged(FamilyCost cost, int64_t classes, ClassOf class_of) {
  return MakeFamily(std::move(cost), FitMethod::kClosedForm,
                    [=](const auto& target) -> absl::StatusOr<std::decay_t<decltype(target)>> {
                      return AverageOver(target, classes, class_of);
                    });
}

}  // namespace basisbench
