// SPDX-License-Identifier: Apache-2.0
// The conformance matrix: every registered operator, sharding, dtype, rank count and direction,
// each over the shapes below.
#pragma once

#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "workers/operators/operator.h"

namespace basisbench {

// One line of the matrix.
struct ConformanceCase {
  const Operator* op = nullptr;
  std::string sharding;
  Dtype dtype = Dtype::kF32;
  int ranks = 1;
  std::string direction = "forward";
  std::string variant;  // label of the settings below; empty: the defaults
  std::map<std::string, std::string> parameters = {};
  std::vector<ProblemShape> shapes = {};  // of the variant, beside those of every case
  // The resolved problems of those shapes that the operator's mathematics allows; for a sharding on
  // a process grid, on every grid.
  std::vector<Problem> Problems() const;
};

// Forward.
std::vector<ConformanceCase> EveryLine();

// Those of a direction that have a problem: a sharding may exist for some rank counts only. With
// the variants of parameters.
std::vector<ConformanceCase> AllCases(const std::string& direction = "forward");

// Those that wrong outputs are tried on. Neither how elements are stored nor a parameter changes
// what validation sees of the ranks, so only f64 with the defaults is among them on many ranks.
std::vector<ConformanceCase> ControlledCases(const std::string& direction = "forward");

// "matmul_summa_f32_4".
std::string CaseName(const ConformanceCase& one);

// Problems of a case that wrong outputs are tried on: as many as tell a whole matrix from a cut
// one.
inline constexpr int kControlledProblems = 2;

inline void PrintTo(const ConformanceCase& one, std::ostream* out) { *out << CaseName(one); }

// Everything about a problem, to find a failure again.
std::string Describe(const Problem& problem);

}  // namespace basisbench
