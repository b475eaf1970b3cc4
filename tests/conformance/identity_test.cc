// SPDX-License-Identifier: Apache-2.0
// What the mathematics says of an operator's outputs without any reference: involutions,
// isometries, symmetries, ranks. Over the same matrix of shardings, dtypes and ranks.
#include <cmath>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "services/base/status_macros.h"
#include "tests/conformance/applied.h"
#include "tests/conformance/case_list.h"
#include "tests/conformance/ranks.h"
#include "tests/conformance/run_case.h"
#include "workers/operators/stored.h"

namespace basisbench {
namespace {

// H H = I and |x H| = |x|.
absl::Status CheckWht(CaseRun& run) {
  const Dense x = Normal(run.problem(), 43);
  BB_ASSIGN_OR_RETURN(const Dense y, Apply(run, x));
  BB_ASSIGN_OR_RETURN(const Dense back, Apply(run, y));
  BB_RETURN_IF_ERROR(Expect(Distance(run, back, x), "x H H"));
  return Expect(Distance(run, {Norm(y)}, {Norm(x)}), "|x H|");
}

// f(f(X)) = (N d / 2) (X + R X R), R reversing indices modulo N and d; <f(X), Z> = <X, f(Z)>.
absl::Status CheckFnet(CaseRun& run) {
  const auto [tokens, width, d_out] = run.problem().shape;
  const Dense x = Normal(run.problem(), 47), z = Normal(run.problem(), 53);
  BB_ASSIGN_OR_RETURN(const Dense y, Apply(run, x));
  BB_ASSIGN_OR_RETURN(const Dense twice, Apply(run, y));
  Dense even;
  for (int64_t i = 0; i < tokens; ++i) {
    for (int64_t j = 0; j < width; ++j) {
      const int64_t mirror = (tokens - i) % tokens * width + (width - j) % width;
      even.push_back(0.5 * static_cast<double>(tokens * width) * (x[i * width + j] + x[mirror]));
    }
  }
  BB_RETURN_IF_ERROR(Expect(Distance(run, twice, even), "f(f(X))"));
  BB_ASSIGN_OR_RETURN(const Dense of_z, Apply(run, z));
  const double size = Norm(y) * Norm(z);
  const double forward = size + static_cast<double>(Dot(y, z) - Dot(x, of_z));
  return Expect(Distance(run, {forward}, {size}), "<f(X),Z> - <X,f(Z)>");
}

// Rows and columns of what lies between input block k and output block l are multiples of each
// other: every minor with the first row and column is zero.
absl::Status CheckMonarch(CaseRun& run) {
  const Problem& problem = run.problem();
  const auto [tokens, d_in, d_out] = problem.shape;
  const int64_t blocks = std::stoll(problem.parameters.at("blocks"));
  if (problem.parameters.at("depth") != "1" || tokens < d_in) return absl::OkStatus();
  Dense identity(tokens * d_in, 0.0);
  for (int64_t i = 0; i < d_in; ++i) identity[i * d_in + i] = 1;
  BB_ASSIGN_OR_RETURN(const Dense matrix, Apply(run, identity));
  const int64_t in = d_in / blocks;
  for (int64_t i = 0; i < d_in; ++i) {
    for (int64_t j = 0; j < d_out; ++j) {
      const int64_t i0 = i / in * in, j0 = j % blocks;
      const double straight = matrix[i * d_out + j] * matrix[i0 * d_out + j0];
      const double crossed = matrix[i * d_out + j0] * matrix[i0 * d_out + j];
      if (std::fabs(straight - crossed) <=
          8 * UnitRoundoff(problem.dtype) * (std::fabs(straight) + std::fabs(crossed))) {
        continue;
      }
      return absl::InternalError(absl::StrCat("row ", i, ", column ", j, ": ", straight, " is not ",
                                              crossed, ": not of rank one"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckIdentity(const Operator& op, const Problem& problem, Communicator& communicator) {
  BB_ASSIGN_OR_RETURN(const auto run, CaseRun::Make(op, problem, communicator));
  const std::string& name = op.description().name;
  if (name == "wht") return CheckWht(*run);
  if (name == "fnet") return CheckFnet(*run);
  if (name == "monarch") return CheckMonarch(*run);
  return absl::UnimplementedError(absl::StrCat("no identity of ", name));
}

std::vector<ConformanceCase> CasesWithIdentity() {
  std::vector<ConformanceCase> cases;
  for (const ConformanceCase& one : AllCases()) {
    if (ComputeDtype(one.dtype) != one.dtype) continue;  // two applications round in between
    const std::string& name = one.op->description().name;
    if (name == "wht" || name == "fnet" || name == "monarch") cases.push_back(one);
  }
  return cases;
}

class IdentityTest : public testing::TestWithParam<ConformanceCase> {};

TEST_P(IdentityTest, HoldsWithoutAReference) {
  for (const Problem& problem : GetParam().Problems()) {
    const absl::Status outcome = RunRanks(problem.ranks, [&](Communicator& communicator) {
      return CheckIdentity(*GetParam().op, problem, communicator);
    });
    EXPECT_TRUE(outcome.ok()) << Describe(problem) << ": " << outcome;
  }
}

INSTANTIATE_TEST_SUITE_P(Matrix, IdentityTest, testing::ValuesIn(CasesWithIdentity()),
                         [](const auto& info) { return CaseName(info.param); });

}  // namespace
}  // namespace basisbench
