// SPDX-License-Identifier: Apache-2.0
// Whole matrices through a plan and back, for checks that need no reference. Collective where a run
// is; every rank gets the same.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "tests/conformance/run_case.h"

namespace basisbench {

using Dense = std::vector<double>;  // row-major

// Normal values, tokens x d_in, as the case's dtype holds them.
Dense Normal(const Problem& problem, uint64_t seed);

// f(x), whole: what the run makes of x as its operand `tensor`, other operands being the same each
// time. Backward, with "dy" for the tensor, it is dX.
absl::StatusOr<Dense> Apply(CaseRun& run, const Dense& x, absl::string_view tensor = "x");

// Wider than f64, whose own sums of many terms would be the larger error.
long double Dot(const Dense& a, const Dense& b);
double Norm(const Dense& x);

// Rank of a matrix of `cols` columns in float64: an elimination that takes the largest element each
// time, until what is left is nothing beside the first.
int64_t RankOf(Dense matrix, int64_t cols);

// |a - b| / |b| in units of the error model.
double Distance(const CaseRun& run, const Dense& a, const Dense& b);

// Refuses more than a few of those units, saying what is off.
absl::Status Expect(double distance, const char* what);

}  // namespace basisbench
