// SPDX-License-Identifier: Apache-2.0
// A family of n x n matrices that an operator can apply: what members cost, and which member is
// closest to a target. Families are values made by the catalogue; they hold no state that changes,
// so one may be used from several threads.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "workers/expressiveness/matrix.h"

namespace basisbench {

// How the reported member was found; only a closed form is certain to be the closest one.
enum class FitMethod {
  kClosedForm,    // the optimum
  kHierarchical,  // level by level, exact for members of the family
  kConstructive,  // the best of members written down or reached step by step: a lower bound
  kBilinear,      // error of the bilinear map for white inputs, the same for every target
};
std::string MethodName(FitMethod method);

struct FamilyCost {
  int64_t parameters = 0;                     // stored numbers; complex ones count once
  std::optional<int64_t> degrees_of_freedom;  // dimension of the set of matrices, where known
  double flops = 0;                           // of one application to one vector
};

struct Family {
  FamilyCost cost;
  FitMethod method = FitMethod::kClosedForm;
  // Renaming inputs and outputs maps the family to itself.
  bool order_invariant = false;
  // The member reported for a target, n x n; real and complex scalars. Unset for bilinear maps that
  // are no set of matrices; those have `captured` instead, one
  // value for every target, which may take seconds.
  std::function<absl::StatusOr<Matrix<double>>(const Matrix<double>&)> closest_real;
  std::function<absl::StatusOr<Matrix<Complex>>(const Matrix<Complex>&)> closest_complex;
  std::function<absl::StatusOr<double>()> captured;

  absl::StatusOr<Matrix<double>> Closest(const Matrix<double>& target) const {
    return closest_real(target);
  }
  absl::StatusOr<Matrix<Complex>> Closest(const Matrix<Complex>& target) const {
    return closest_complex(target);
  }
};

// A family from one generic function object: absl::StatusOr<Matrix<T>>(const Matrix<T>&).
template <typename ClosestMember>
Family MakeFamily(FamilyCost cost, FitMethod method, ClosestMember closest) {
  Family family;
  family.cost = std::move(cost);
  family.method = method;
  family.closest_real = closest;
  family.closest_complex = closest;
  return family;
}

// What a family is made from: the size and every parameter, checked to be there and, where it is a
// number, to be a positive integer.
struct FamilyRequest {
  std::string name;
  int64_t n = 0;
  std::map<std::string, std::string> parameters;

  int64_t Integer(const std::string& parameter) const {
    return std::stoll(parameters.at(parameter));
  }
  const std::string& Text(const std::string& parameter) const { return parameters.at(parameter); }
};

}  // namespace basisbench
