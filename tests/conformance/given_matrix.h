// SPDX-License-Identifier: Apache-2.0
// Matrices of operators for weights of the test's choice, out of their plans: for identities
// between operators, where no reference is asked. Collective where ranks are processes.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace basisbench {

using Value = std::function<double(absl::string_view tensor, int64_t row, int64_t col)>;

// Numbers of order one: different for every place and tensor.
double Number(absl::string_view tensor, int64_t row, int64_t col);

// An operator and its weights, on as many ranks as there are.
struct GivenOperator {
  std::string name;
  std::map<std::string, std::string> parameters = {};
  Value value = Number;
};

// side x side, row-major: row i is what a unit at input i gives. Failures are the test's.
std::vector<double> MatrixOf(const GivenOperator& given, int64_t side);

// The two square matrices are the same up to rounding in float64.
void ExpectSame(const std::vector<double>& a, const std::vector<double>& b);

// a(i, j) is entry(i, j) up to rounding.
void ExpectEntries(const std::vector<double>& a,
                   const std::function<double(int64_t i, int64_t j)>& entry);

}  // namespace basisbench
